FROM debian:one
RUN <<EOF cat <<OTHER
FROM debian:never
EOF
FROM debian:never
OTHER
RUN <<"EOF"
FROM debian:never $X \
EOF
RUN <<'E O F'
FROM debian:never
E O F
COPY <<EOF <<-TABBED /target/
 EOF
EOF 
FROM debian:never
EOF
	FROM debian:never
	TABBED
ADD <<file /target
FROM debian:never
file
FROM debian:two
