FROM debian:one
RUN echo # FROM debian:never \
    FROM debian:never
ENV A=# B=#b
COPY --from=debian:two /a#b /c
COPY # --from=debian:never /
FROM debian:three
