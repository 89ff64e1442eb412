FROM debian:one AS build
FROM debian:two
RUN --mount=from=build,target=/a --mount=type=bind,source=/x,from=debian:three,target=/b true
RUN --mount=type=cache,target=/c --network=none --mount=FROM=BUILD,target=/d true
RUN --mount="type=bind,from=debian:four",target=/e true
RUN --mount=type=bind,\"from=debian:five\",target=/f true
RUN --mount=type=tmpfs,target=/g echo --mount=from=debian:never
RUN --mount=from=scratch,target=/h true
