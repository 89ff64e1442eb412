arg tag=one
from debian:${tag} as build
copy --from=debian:two / /
Run --mount=from=debian:three,target=/x <<eof
from debian:never
eof
From build
