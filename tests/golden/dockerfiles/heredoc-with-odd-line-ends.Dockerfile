FROM debian:one
RUN <<EOF
EOF
EOF
EOFEOF
EOF EOF
FROM debian:never
EOF
FROM debian:two
