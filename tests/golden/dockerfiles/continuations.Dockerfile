FROM debian:one
RUN echo a \
# a comment
    # an indented one \

    && echo b \   
    FROM debian:never \

# nothing more
FROM debian:two
