FROM debian:one
RUN echo a \
  # comment

  FROM debian:never
RUN <<EOF
FROM debian:never
EOF
COPY --from=debian:two / /
FROM debian:three
