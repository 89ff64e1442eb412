# nothing=known
# escape=`
FROM debian:one
RUN echo \
    FROM debian:never
