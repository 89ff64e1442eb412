FROM debian:one
COPY ["<<EOF", "/x/"]
FROM debian:two
ONBUILD RUN ["cat", "<<EOF"]
FROM debian:three
