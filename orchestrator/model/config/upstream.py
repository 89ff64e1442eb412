"""What orchestrator.yaml says about upstream: where its releases are listed, and what it publishes beside them."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.model.annotations import EachOnce, Text
from orchestrator.model.fields import Pattern, Range, VariantName

VERSION = "{version}"
_FACT = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?")


def _entry(text: str) -> str:
    if text.count(VERSION) != 1:
        raise ValueError(f"{text!r}: expected `{VERSION}` once, with what stands around it on the page")
    return text


EntryText = Annotated[str, Text(_entry, examples=['href="{version}/"'])]
FactPath = Annotated[str, Text.matching(_FACT, "the path of a fact; write it like setuptools.version")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listing(_Part):
    """A page that names releases: a folder of downloads, a list of tags."""

    url: Pattern
    """With placeholders it is asked for each release that the listings before it name, such as {final_version}."""
    entry: EntryText
    """How the page names a release; everything but `{version}` stands there to the letter."""


class ChecksumDocument(_Part):
    """A document that upstream publishes beside a download, with the download's checksum."""

    format: Literal["sigstore", "spdx", "sha256sum"]
    """A sigstore bundle, an SPDX document in JSON, or the output of `sha256sum`."""
    url: Pattern
    """May use {url} and {file}, the download's, besides what the URL of a download may use."""


class FactRule(_Part):
    """A fact of versions.json that changes with the release, and the text upstream that has it."""

    key: FactPath
    """Where versions.json keeps it, such as `setuptools.version`."""
    version: Range | None = None
    """The lines that have it; all when left out."""
    url: Pattern
    """The text; may use what the URL of a download may use."""
    entry: EntryText
    """How the text names it."""


class UpstreamConfig(_Part):
    """Where `orchestrator update` finds new releases.

    Their downloads are those that `sources` names, with the place of the checksum in versions.json.
    """

    listings: tuple[Listing, ...] = ()
    """The pages that name releases, each asked after those before it."""
    checksums: tuple[ChecksumDocument, ...] = ()
    """Where a download's checksum is announced; the first document that exists counts, without one it is hashed."""
    optional: Annotated[tuple[VariantName, ...], EachOnce()] = ()
    """Variants that a release has only if upstream offers all of their downloads; they come last, in this order."""
    facts: tuple[FactRule, ...] = ()
    """Facts that change with the release; all others stay as they are."""
