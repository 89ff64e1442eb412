ARG GIVEN=never
ARG MORE=${GIVEN}-more
FROM debian:$GIVEN
ARG GIVEN=never
ARG LATE=never
FROM debian:${MORE}
FROM debian:${LATE:-late}
FROM debian:${UNDECLARED:-undeclared}
