# escape=`
FROM debian:one
RUN `
  FROM debian:never
FROM debian:two