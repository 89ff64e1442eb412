"""What a public tag names now."""

from dataclasses import dataclass

from orchestrator.model.oci import Document
from orchestrator.model.publishing.index import Member
from orchestrator.model.publishing.publication import GENERATION


@dataclass(frozen=True, slots=True)
class Live:
    """What a tag names now."""

    document: Document | None = None
    """None where it names nothing, and where the registry cannot read it any more."""
    members: tuple[Member, ...] = ()
    is_damaged: bool = False
    """Whether the registry fails on the tag, as one does that was killed while it moved; writing it anew heals it."""

    @property
    def digest(self) -> str:
        return self.document.digest if self.document else ""

    @property
    def seen(self) -> str | None:
        """What a move may count upon: the digest, empty for nothing; None where nobody can say."""
        return None if self.is_damaged else self.digest

    @property
    def generation(self) -> int | None:
        said = dict(self.document.annotations).get(GENERATION, "") if self.document else ""
        return int(said) if said.isascii() and said.isdigit() else None
