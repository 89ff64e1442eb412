"""Brings what indexes name into the repositories of their tags: everything once, all of it before any tag moves."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence

from orchestrator.errors import ContractBrokenError
from orchestrator.model.oci import Document
from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.index import Member
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.publication import Staged
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.keepers import keep, keeper
from orchestrator.tools.publish.live import configured
from orchestrator.tools.registry import Registry

Work = Callable[[], Awaitable[object]]


async def is_whole(repository: Repository, document: Document, registry: Registry) -> bool:
    """Whether a repository holds everything that an index names; what it shows was written after its own parts."""
    found = await asyncio.gather(*(registry.document(repository.at(child.digest)) for child in document.children))
    return all(each is not None for each in found)


class Contents:
    """The manifests and indexes below public tags; one for a run, so that nothing is asked or brought twice."""

    def __init__(self, registry: Registry, *, keep_alive: bool) -> None:
        """`keep_alive`: each manifest gets a tag of its own, as does what its tag named before."""
        self._registry = registry
        self._keep_alive = keep_alive
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    async def bring(self, moved: Moved) -> None:
        """Make a tag's repository hold all that its new index names, and the index under its digest.

        Images are checked to be what the index says of them: raises ContractBrokenError for one of another platform.
        """
        index, target = moved.index, moved.tag.repository
        if index is None:
            return
        images = (self._image(staged, member, target) for staged, member in _named(moved))
        await asyncio.gather(self._past(moved), *images)
        place = target.at(index.digest)
        await self._once(place, lambda: self._registry.put_document(place, index))
        await self._kept(place)

    async def writes(self, moves: Sequence[Moved]) -> Counter[str]:
        """How many writing requests `bring` and moving these tags would send, by method; asks for what is there."""
        wanted = {
            (staged.repository, moved.tag.repository, descriptor.digest)
            for moved in moves
            for staged, member in _named(moved)
            for descriptor in (member.image, *member.attestations)
        }
        copies = await asyncio.gather(*(self._missing(*key) for key in wanted))
        images = [document for _, document in copies if document is not None]
        blobs = {
            (target, blob.digest)
            for target, document in copies
            if document is not None
            for blob in document.blobs
            if not blob.is_foreign
        }
        sizes = await asyncio.gather(*(self._registry.blob_size(*blob) for blob in blobs))
        indexes = {moved.tag.repository.at(moved.index.digest) for moved in moves if moved.index}
        places = [*indexes, *(map(keeper, _kept(moves)) if self._keep_alive else ())]
        absent = await asyncio.gather(*(self._is_absent(place) for place in places))
        tags = [moved for moved in moves if moved.move is Move.WOULD_MOVE]
        return Counter({"PUT": len(images) + sum(absent) + len(tags), "POST": sizes.count(None)})

    async def _once(self, key: Hashable, work: Work) -> None:
        """Do a piece of work, or wait for whoever does it; how it ended is the same for all."""

        async def done() -> None:
            await work()

        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(done())
        # Shielded: one of several tags being given up must not leave the others without it.
        await asyncio.shield(self._tasks[key])

    async def _image(self, staged: Staged, member: Member, target: Repository) -> None:
        """Bring an image that is what its index says, then what speaks of it."""
        check = (staged.repository, member.image.digest)
        await self._once(check, lambda: self._check(staged, member))
        for descriptor in (member.image, *member.attestations):
            await self._copied(staged.repository, target.at(descriptor.digest))

    async def _copied(self, source: Repository, place: Reference) -> None:
        await self._once((source, place), lambda: self._registry.copy_document(source, place.repository, place.digest))
        await self._kept(place)

    async def _past(self, moved: Moved) -> None:
        """Keep what the tag named before, its parts before itself."""
        document = moved.live.document
        if document is None or not self._keep_alive:
            return
        repository = moved.tag.repository
        await asyncio.gather(*(self._kept(repository.at(child.digest)) for child in document.children))
        await self._kept(repository.at(document.digest))

    async def _kept(self, place: Reference) -> None:
        if self._keep_alive:
            await self._once(("keep", place), lambda: keep(place, self._registry))

    async def _check(self, staged: Staged, member: Member) -> None:
        place = staged.repository.at(member.image.digest)
        if await self._is_absent(place):
            raise ContractBrokenError(f"{place}: staging has lost {staged.target}; build it again with --force")
        said = await configured(staged.repository, member.image, self._registry)
        expected = ARCHES[member.arch].platform
        is_same = (said.platform.os, said.platform.architecture) == (expected.os, expected.architecture)
        if not is_same or (said.platform.variant and said.platform.normal != expected.normal):
            raise ContractBrokenError(
                f"{place}: its configuration says {said.platform}, expected {expected} for {staged.target}; "
                "build it again with --force"
            )
        if said.os_version and said.os_version != member.image.os_version:
            raise ContractBrokenError(
                f"{place}: its configuration says {said.os_version}, its index {member.image.os_version or 'nothing'}; "
                "build it again with --force"
            )

    async def _missing(self, source: Repository, target: Repository, digest: str) -> tuple[Repository, Document | None]:
        """What a repository lacks of another, with that repository; None where it has it already."""
        is_absent = await self._is_absent(target.at(digest))
        return target, await self._registry.document(source.at(digest)) if is_absent else None

    async def _is_absent(self, place: Reference) -> bool:
        return await self._registry.document(place) is None


def _named(moved: Moved) -> Iterator[tuple[Staged, Member]]:
    """What a move has to bring from staging; what is kept of the index before is there."""
    for staged in moved.publication.staged:
        for member in staged.members:
            yield staged, member


def _kept(moves: Sequence[Moved]) -> set[Reference]:
    """All that keeps a tag of its own when these are made: what tags name, what they named, and their parts."""
    return {
        moved.tag.repository.at(digest)
        for moved in moves
        for document in (moved.index, moved.live.document)
        if document is not None
        for digest in (document.digest, *(child.digest for child in document.children))
    }
