FROM debian:one
RUN echo "<<EOF" '<<EOF' \<<EOF
RUN echo $((1<<2)) ${a:-$((1<<2))}
RUN cat<<EOF
RUN cat <<<EOF
RUN ["echo", "<<EOF"]
RUN echo it\'s "<<EOF
LABEL a="<<EOF" b=<<EOF
CMD cat <<EOF
FROM debian:two
