FROM debian
FROM library/busybox:latest
FROM docker.io/library/alpine:3
FROM registry.invalid:5000/a/b:1
FROM localhost/app
FROM localhost:5000/app:21
FROM debian@sha256:97f527cce4195f2ac2822dbfb9d4ebaf8144ba979efdf719f825a314017081ea
FROM debian:trixie@sha256:97f527cce4195f2ac2822dbfb9d4ebaf8144ba979efdf719f825a314017081ea
COPY --from=ghcr.io/owner/name:1 / /
