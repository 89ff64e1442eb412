FROM debian:one
COPY --from='debian:two' --chown="1:1" / /
COPY --link --from=debian:three --chmod=0755 / /
COPY / --from=debian:never /x
COPY -- --from=debian:never /x
COPY --from='debian:fo\ur' -- --from=debian:never /x
RUN --network=none echo --from=debian:never
HEALTHCHECK --interval=5s --timeout=1s CMD true --from=debian:never
