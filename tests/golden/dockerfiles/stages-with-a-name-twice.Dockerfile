FROM debian:one AS same
FROM debian:two AS same
FROM same
COPY --from=same /a /b
