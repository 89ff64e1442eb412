FROM scratch AS source
ADD --checksum=sha256:93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640 https://host.invalid/file /file
FROM scratch
COPY --from=source / /
COPY --from=scratch / /
