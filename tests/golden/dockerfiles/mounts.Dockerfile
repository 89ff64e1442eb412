FROM debian:one AS build
FROM debian:two
RUN --mount=from=build,target=/a --mount=type=bind,source=/x,from=debian:three,target=/b true
RUN --mount=type=cache,target=/c --network=none --mount=FROM=BUILD,target=/d true
RUN --mount="type=bind,from=debian:four",target=/e true
RUN --mount=type=bind,\"from=debian:five\",target=/f true
RUN --mount=type=tmpfs,target=/g echo --mount=from=debian:never
RUN --mount=from=scratch,target=/h true
RUN --mount='type=bind,"source=/x,from=debian:never",from=debian:six',target=/i true
RUN --mount=from=debian:seven,from=debian:eight,target=/j true
