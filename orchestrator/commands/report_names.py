"""What the words for images mean: the names that reports are about, and where each is looked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.project import Project, Registries, client, configured_mirrors, registries
from orchestrator.errors import InputError, NothingSelectedError
from orchestrator.model.bases import Mirrors, places
from orchestrator.model.references import Reference, Repository
from orchestrator.model.report.dates import digest_at, moment
from orchestrator.tools import inputs
from orchestrator.tools.keepers import is_keeper
from orchestrator.tools.publish import journals
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.referrers import is_beside

_RUNS = 1000
"""So many of the last runs are looked through for a date."""
_ANY_TAG = "latest"
"""What a name without a tag means elsewhere, and whether there is such a tag does not matter."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One image: what people call it, and where it is looked for, in this order."""

    name: Reference
    places: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The registries of a run, and the image whose folder it is in, if it is in any."""

    registry: Registry
    mirrors: Mirrors
    own: Registries | None

    async def image(self, word: str) -> Wanted:
        """What IMAGE means, which may end with `@` and a date; raises InputError."""
        name, _, date = word.partition("@")
        if date[:1].isdigit():
            return await self._dated(_reference(name), date)
        reference = _reference(word)
        return Wanted(reference, places(reference, self.mirrors))

    async def repository(self, word: str) -> tuple[Wanted, ...]:
        """Every tag of a repository, at the first place that has any; raises InputError, NothingSelectedError."""
        name = _reference(word)
        if name.digest or name.tag != _ANY_TAG:
            raise InputError(f"--all: {word!r} is a tag, expected a repository like ghcr.io/owner/name")
        for place in places(name, self.mirrors):
            if tags := await self._tags(place.repository):
                return _tags(name.repository, place.repository, tags)
        raise NothingSelectedError(f"--all: {name.repository.short} has no tags")

    async def own_image(self) -> tuple[Wanted, ...]:
        """Every shared tag of the image whose folder this is; raises InputError outside one,
        NothingSelectedError where none is published."""
        own = self._own("--all without an IMAGE")
        shared = (await own.repositories()).shared
        if tags := await self._tags(shared):
            return _tags(_public(own), shared, tags)
        raise NothingSelectedError(f"--all: nothing is published in {shared}; `orchestrator publish` does that")

    async def _tags(self, repository: Repository) -> tuple[str, ...]:
        """The tags that people pull by, without those that only keep something."""
        found = await self.registry.tags(repository)
        return tuple(tag for tag in found if not (is_keeper(tag) or is_beside(tag)))

    async def _dated(self, name: Reference, date: str) -> Wanted:
        own = self._own(f"{name.short}@{date}")
        try:
            when = moment(date)
        except ValueError as error:
            raise InputError(f"IMAGE: {error}") from error
        repositories = await own.repositories()
        place = repositories.shared.tagged(name.tag) if name.repository == _public(own) else name
        digest = digest_at(await journals.latest(repositories.journals, self.registry, limit=_RUNS), place, when)
        if not digest:
            raise InputError(
                f"{name.short}@{date}: no run that is known says what it named then; "
                f"`orchestrator history {name.tag}` has what is known"
            )
        return Wanted(Reference(name.registry, name.path, name.tag, digest), (place.pinned(digest),))

    def _own(self, what: str) -> Registries:
        if self.own is None:
            raise InputError(f"{what}: there is no {inputs.CONFIG_FILE} here to say whose; name its folder by `-C`")
        return self.own


@asynccontextmanager
async def names(invocation: Invocation) -> AsyncIterator[Names]:
    """Open a client for registries; the mirrors are those of the image whose folder this is, or only what is given."""
    if (invocation.root / inputs.CONFIG_FILE).exists():
        project = Project.without_templates(invocation, may_be_expired=True)
        async with registries(invocation, project) as opened:
            yield Names(opened.client, opened.mirrors, opened)
        return
    async with client(invocation, configured_mirrors(invocation)) as (registry, mirrored):
        yield Names(registry, mirrored, None)


def _reference(word: str) -> Reference:
    try:
        return Reference.parse(word)
    except ValueError as error:
        raise InputError(f"IMAGE: {error}") from error


def _public(own: Registries) -> Repository:
    """What people call the repository of the shared tags."""
    return Reference.parse(own.project.config.title).repository


def _tags(name: Repository, place: Repository, tags: tuple[str, ...]) -> tuple[Wanted, ...]:
    return tuple(Wanted(name.tagged(tag), (place.tagged(tag),)) for tag in tags)
