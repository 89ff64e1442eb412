"""Lists and links of a README as Markdown.

The lists of tags and architectures have the form that docker-library gives them, which other programs read:
https://github.com/docker-library/docs/blob/master/generate-dockerfile-links-partial.sh
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.model.readme import Listed, ListedTogether

_ITEM = "-\t"
_INNER_ITEM = "\t-\t"
_MEANS_SOMETHING = re.compile(r"[\\`*_\[\]<>&]")
_ENDS_A_LINK = {"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", "\\": "%5C"}


def simple_tags(entries: Iterable[Listed]) -> str:
    """An entry a line, all of its tags leading to its Dockerfile."""
    return "\n".join(f"{_ITEM}{link(codes(entry.tags), entry.page)}" for entry in entries)


def shared_tags(groups: Iterable[ListedTogether]) -> str:
    """Tags that stand for the same entries on a line, each of those by its first tag below it."""
    return "\n".join(line for group in groups for line in _shared_lines(group))


def architectures(pages: Mapping[str, str]) -> str:
    """Architectures on a line, each leading to the page of its repository."""
    return ", ".join(link(code(arch), page) for arch, page in pages.items())


def code(text: str) -> str:
    """A word as it is typed."""
    return f"`{text}`"


def codes(words: Iterable[str]) -> str:
    return ", ".join(map(code, words))


def plain(text: str) -> str:
    """Text in which nothing is Markdown."""
    return _MEANS_SOMETHING.sub(r"\\\g<0>", text)


def link(markdown: str, url: str) -> str:
    """Markdown that leads to a page, if there is one."""
    return f"[{markdown}]({destination(url)})" if url else markdown


def image(title: str, url: str) -> str:
    """A picture, if there is one."""
    return f"![{plain(title)}]({destination(url)})" if url else ""


def destination(url: str) -> str:
    """A URL as it stands between the parentheses of a link."""
    return "".join(_ENDS_A_LINK.get(letter, letter) for letter in url)


def spoken(words: Sequence[str], *, last: str) -> str:
    """Words as one says them: `a`, `a or b`, `a, b, or c` with `or` as the `last` one's conjunction."""
    match words:
        case [] | [_]:
            return "".join(words)
        case [first, second]:
            return f"{first} {last} {second}"
    return f"{', '.join(words[:-1])}, {last} {words[-1]}"


def _shared_lines(group: ListedTogether) -> list[str]:
    members = (f"{_INNER_ITEM}{link(code(entry.tags[0]), entry.page)}" for entry in group.entries)
    return [f"{_ITEM}{codes(group.tags)}:", *members]
