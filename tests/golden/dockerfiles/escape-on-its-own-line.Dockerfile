FROM debian:one
RUN \
\
  echo \
\
  FROM debian:never
FROM debian:two
