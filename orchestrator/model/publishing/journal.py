"""The journal of a run that moves tags: what it moved, from what to what, when, by whom; kept in the registry."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.model.oci import OCI_MANIFEST, Document, digest_of
from orchestrator.model.problems import summary_of
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.references import Reference, Repository

JOURNAL = "application/vnd.dev.orchestrator.journal.v1+json"
"""The type of the artifact and of its one layer."""
EMPTY = b"{}"
"""The configuration of an artifact that has none.

https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidance-for-an-empty-descriptor
"""

_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: what it named before the run, and what the run made it name."""

    tag: Reference
    before: str
    """A digest; empty where the tag was new, or nobody could say."""
    after: str
    is_done: bool
    """Whether the run saw that it moved; one that was killed may have moved it all the same."""
    builds: tuple[tuple[str, str], ...] = ()
    """The targets below it with the build IDs that they had."""

    @property
    def result(self) -> str:
        return "moved" if self.is_done else "intended"


@dataclass(frozen=True, slots=True)
class Journal:
    """One run. It is written before the first tag moves and again after the last.

    So whatever a run that was killed has moved stands in its journal; the tags themselves tell how far it came.
    """

    run: str
    verb: str
    began: dt.datetime
    by: str
    """The job or host."""
    tool: str
    """The version of the tool."""
    entries: tuple[Entry, ...] = ()

    def noting(self, moves: Iterable[Moved]) -> "Journal":
        """With what is to move or has moved; a tag that moves again keeps what it named before the run."""
        return self.with_entries(
            Entry(moved.tag, moved.before, moved.after, moved.move is Move.MOVED, _builds(moved)) for moved in moves
        )

    def with_entries(self, several: Iterable[Entry]) -> "Journal":
        """With these entries in the place of those of the same tags."""
        entries = {entry.tag: entry for entry in self.entries}
        for entry in several:
            known = entries.get(entry.tag)
            entries[entry.tag] = replace(entry, before=known.before) if known else entry
        return replace(self, entries=tuple(entries.values()))

    @property
    def content(self) -> bytes:
        """The journal as JSON, schema 1."""
        return (json.dumps(self.document(), indent=2) + "\n").encode()

    def document(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "run": self.run,
            "verb": self.verb,
            "began": self.began.isoformat(),
            "by": self.by,
            "tool": self.tool,
            "tags": [_entry(entry) for entry in self.entries],
        }

    @property
    def artifact(self) -> Document:
        """The manifest that a registry keeps it under: its one layer is `content`."""
        content = self.content
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": JOURNAL,
            "config": {"mediaType": _EMPTY_TYPE, "digest": digest_of(EMPTY), "size": len(EMPTY)},
            "layers": [
                {
                    "mediaType": JOURNAL,
                    "digest": digest_of(content),
                    "size": len(content),
                    "annotations": {"org.opencontainers.image.title": f"{self.run}.json"},
                }
            ],
        }
        return Document(OCI_MANIFEST, json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode())


def run_id(began: dt.datetime, *, salt: str) -> str:
    """The name of a run: when it began in UTC, so that names stand in the order of time, and what makes it its own."""
    return f"{began:{_TIME}}-{salt}"


def is_run(word: str) -> bool:
    return _RUN.fullmatch(word) is not None


def read(content: bytes, *, registry: str) -> Journal:
    """A journal from its JSON; raises ValueError with what is wrong with it.

    It names no registry, whose address may be another for every job: the one that it was read from is meant.
    """
    try:
        found = _Document.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(summary_of(error, _Document)) from error
    began = dt.datetime.fromisoformat(found.began)
    entries = tuple(
        Entry(
            Repository(registry, each.repository).tagged(each.tag),
            each.before or "",
            each.after,
            each.result == "moved",
            tuple(each.builds.items()),
        )
        for each in found.tags
    )
    return Journal(found.run, found.verb, began, found.by, found.tool, entries)


def _builds(moved: Moved) -> tuple[tuple[str, str], ...]:
    return tuple((str(staged.target), staged.build_id) for staged in moved.publication.staged)


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "repository": entry.tag.path,
        "tag": entry.tag.tag,
        "before": entry.before or None,
        "after": entry.after,
        "result": entry.result,
        "builds": dict(entry.builds),
    }


class _Part(BaseModel):
    # A later release may say more, which this one need not know.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Tag(_Part):
    repository: str
    tag: str
    before: str | None
    after: str
    result: Literal["moved", "intended"]
    builds: Mapping[str, str]


class _Document(_Part):
    version: Literal[1] = Field(alias="schema")
    run: str
    verb: str
    began: str
    by: str
    tool: str
    tags: list[_Tag]
