FROM --platform=$BUILDPLATFORM debian:builder AS build
ARG TARGETARCH
RUN echo $TARGETARCH
FROM --platform=linux/amd64 debian:fixed
FROM --platform=${TARGETPLATFORM} debian:target
COPY --from=build /a /b
