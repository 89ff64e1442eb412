FROM debian:one
RUN a \

FROM debian:two
RUN a \
 # a comment
　
b
FROM debian:three
