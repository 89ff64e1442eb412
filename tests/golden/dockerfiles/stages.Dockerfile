FROM debian:one AS First
FROM first As second
FROM debian:two aS third.stage-3_x
COPY --from=FIRST /a /b
COPY --from=1 /a /b
FROM second
COPY --from=0 /a /b
COPY --chown=1:1 --from=Third.Stage-3_x --link /a /b
COPY --from=debian:three /a /b
