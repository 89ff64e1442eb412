"""Characters that no input may hold."""

import re

# Control characters and line separators end a line where a value is put into a Dockerfile or a log; direction marks
# show a reviewer something else than what is there (CVE-2021-42574); lone surrogates cannot be written as UTF-8.
REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
BYTE_ORDER_MARK = "\ufeff"
"""May begin a file, and is no part of its text."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def code_point(character: str) -> str:
    """How a message names a character that cannot be shown: `U+000A`."""
    return f"U+{ord(character):04X}"


def refused(text: str) -> tuple[str, ...]:
    """The characters of a text that no input may hold, each once, named like `U+000A`."""
    return tuple(sorted({code_point(character) for character in REFUSED.findall(text)}))


def visible(text: str) -> str:
    """A text from elsewhere on one line: what no input may hold is written as `\\n` or `\\x1b`."""
    return REFUSED.sub(lambda match: repr(match[0])[1:-1], text)


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8; an argument or a name of a file in any other encoding cannot."""
    return not _SURROGATE.search(text)
