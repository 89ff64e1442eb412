# escape=`
FROM debian:one
RUN copy a `
    # a comment within
    b

COPY C:\source\ C:\target\
FROM debian:two
