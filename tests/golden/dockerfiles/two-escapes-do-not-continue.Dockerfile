FROM debian:one
RUN echo \\
FROM debian:two
RUN echo \\\
FROM debian:three
