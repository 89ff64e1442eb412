FROM debian:one
RUN cat <<'' <<""
FROM debian:two

RUN cat >/dev/null <<''
FROM debian:three

RUN cat <<-
FROM debian:four
