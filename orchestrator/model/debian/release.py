"""What Debian's archive says of one of its suites."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

from orchestrator.model.platforms import ARCHES


@dataclass(frozen=True, slots=True)
class Release:
    """A suite at one moment: https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files."""

    date: datetime
    """When the archive was made, in UTC."""
    architectures: frozenset[str]
    """In Debian's words."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Release or InRelease file; raises ValueError."""
        fields = _fields(text)
        try:
            date = parsedate_to_datetime(fields["date"]).replace(tzinfo=UTC)
            return cls(date, frozenset(fields["architectures"].split()))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("expected a Release file with `Date` and `Architectures`") from error

    @property
    def arches(self) -> tuple[str, ...]:
        """The arches of ours that the suite has."""
        return tuple(arch.name for arch in ARCHES.values() if arch.debian in self.architectures)


def _fields(text: str) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in text.splitlines() if line[:1].isalpha() and ":" in line)
    return {name.lower(): value.strip() for name, _, value in pairs}
