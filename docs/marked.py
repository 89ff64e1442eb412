"""Puts into README.md what commands write there, between two marks that name the command."""

import re


def placed(text: str, part: str, *, by: str) -> str:
    """A document with what `make <by>` writes between its two marks; raises ValueError where it does not have both."""
    begin, end = f"<!-- written by `make {by}` -->", f"<!-- end of what `make {by}` writes -->"
    pattern = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"expected the lines {begin!r} and {end!r}")
    return pattern.sub(lambda _: f"\n{part}\n", text, count=1)
