FROM debian:one
RUN cat 3<<THREE <<E"O"F
FROM debian:never
THREE
FROM debian:never
EOF
RUN cat <<EOF|sh
FROM debian:never
EOF|sh
FROM debian:two
