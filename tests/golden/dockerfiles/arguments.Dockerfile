ARG RELEASE=trixie OTHER="book"worm
ARG NAME='debian'
ARG FULL=${NAME}:${RELEASE}
ARG QUOTED="$NAME:$OTHER"
ARG LITERAL='li''teral'
FROM $FULL
FROM ${QUOTED}
FROM debian:${LITERAL}
FROM debian:"$RELEASE"-quoted
FROM debian:\r\e\leased
FROM "debian:${OTHER}-whole"
