"""What orchestrator.yaml says about README: where help is had, what else it shows, what goes first when it is long."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.model.annotations import EachOnce, OneOrMore, Text
from orchestrator.model.fields import Url, check_url
from orchestrator.model.problems import nearest, shown

HUB_MAX_BYTES = 25_000
"""What Docker Hub takes as the full description of a repository."""
_HUB_MAX_SHORT = 100
"""The letters that Docker Hub takes as its short description."""

Section = Literal["note", "reference", "tags", "badges", "more", "about", "use", "variants", "license"]
SECTIONS: tuple[Section, ...] = get_args(Section)
"""The parts of a README in their order; each is a template of that name."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_EXAMPLES = {"arch": "amd64", "repository": "amd64/image"}
_TAG_PATTERN = re.compile(r"[A-Za-z0-9_.*?-]+")


def fill_link(pattern: str, values: Mapping[str, str]) -> str:
    """A pattern of a link with its placeholders filled."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], pattern)


def _link_pattern(*names: str) -> Text:
    """A URL that may use these values."""

    def read(text: str) -> str:
        for name in _PLACEHOLDER.findall(text):
            if name not in names:
                raise ValueError(f"{shown(text)}: there is no value {name!r}; {nearest(name, names)}")
        check_url(fill_link(text, _EXAMPLES))
        return text

    return Text(read, examples=["https://example.com/" + "/".join(f"{{{name}}}" for name in names)])


Title = Annotated[str, Field(min_length=1)]
BadgeLink = Annotated[str, _link_pattern("arch", "repository")]
RepositoryLink = Annotated[str, _link_pattern("repository")]
TagPattern = Annotated[str, Text.matching(_TAG_PATTERN, "a pattern of tags; write it like *-bookworm or 3.10*")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Link(_Part):
    """A page and what it is called."""

    title: Title
    """What README calls it."""
    url: Url
    """Where it is."""


class Badge(_Part):
    """A picture that leads to a page. One whose patterns have `{arch}` is for the READMEs of single arches alone."""

    title: Title
    """What stands there where the picture cannot be seen."""
    image: BadgeLink
    """The picture's URL; may use `{arch}`, and `{repository}`, which is like `amd64/python`."""
    url: BadgeLink
    """The page's URL; may use the same."""

    @property
    def is_of_an_arch(self) -> bool:
        return "{arch}" in self.image + self.url


class Drop(_Part):
    """What a README that is too long does without: tags, or one of its sections."""

    tags: Annotated[tuple[TagPattern, ...], OneOrMore(), EachOnce()] = ()
    """Patterns such as `*-bookworm`; each entry that has a tag of its own like that is not listed."""
    section: Section | None = None
    """In the place of `tags`, the lists of all of them, a link to the Dockerfiles stands."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Drop":
        if bool(self.tags) == bool(self.section):
            raise ValueError("give either `tags` or `section`")
        return self


class ReadmeConfig(_Part):
    """What README says besides what is known anyway; its texts are in templates/readme."""

    description: Annotated[str, Field(max_length=_HUB_MAX_SHORT)] = ""
    """What the image is, in one line without Markdown; Docker Hub shows it in lists."""
    help: tuple[Link, ...] = ()
    """Where users get help."""
    issues: Url = ""
    """Where users tell of mistakes; the page of `git_url` for it when left out."""
    license: Link | None = None
    """The licence of what the image brings."""
    logo: Url = ""
    """The picture below the text that says what the image is."""
    badges: tuple[Badge, ...] = ()
    """Shown below the tags."""
    pages: RepositoryLink = ""
    """The page of a repository; may use `{repository}`. Docker Hub's when left out, if images go there."""
    max_bytes: Annotated[int, Field(ge=1, strict=True)] = HUB_MAX_BYTES
    """How long README may be; as much as Docker Hub takes when left out."""
    drop: tuple[Drop, ...] = ()
    """What goes when README is longer than `max_bytes`: one after the other until it fits, all `tags` at last."""
