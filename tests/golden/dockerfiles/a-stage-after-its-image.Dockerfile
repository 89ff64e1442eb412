FROM debian:trixie AS debian
FROM debian
FROM busybox:1 AS alpine
COPY --from=debian / /debian
FROM alpine
