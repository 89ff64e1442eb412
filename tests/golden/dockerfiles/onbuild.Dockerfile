FROM debian:one
ONBUILD RUN <<EOF
FROM debian:never
EOF
ONBUILD COPY --from=debian:never /a /b
ONBUILD	RUN --mount=type=bind,from=debian:never,target=/mnt true
FROM debian:two
