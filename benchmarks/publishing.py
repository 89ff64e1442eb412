"""Publishing against what else makes indexes and moves tags: many tags over several platforms, and the same again."""

import asyncio
import json
import secrets
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measuring import Measured, by_turns, measured, middle, read
from benchmarks.place import TOOL, Place
from benchmarks.results import Row
from orchestrator.model.oci import OCI_INDEX
from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.index import Member, assemble
from tests.pushing import client
from tests.unbuilt import Unbuilt, stage

FEW = ("amd64", "arm64v8", "s390x")
FEW_TAGS = 20
MANY = ("amd64", "arm32v5", "arm32v7", "arm64v8", "i386", "ppc64le", "riscv64", "s390x")
MANY_TAGS = 150

_BLOBS = 2
"""Of each image: its configuration and a layer."""
_LINE = "1.0"
_TAGS_OF_A_WORD = 2
_OWN_WORDS = 2
"""The line and its version."""

Peer = Callable[["_Family"], Sequence[str]]


def rows(where: Place, *, rounds: int) -> Iterator[Row]:
    """Join what arches have published, all tags at once; for every round it is something new."""
    few = _family(where, "few", FEW, FEW_TAGS)
    yield from _compared(few, {**_PLAIN, **_DOCKER}, rounds=rounds)
    many = _family(where, "many", MANY, MANY_TAGS)
    yield from _compared(many, _TAGGING, rounds=1)


@dataclass(slots=True)
class _Family:
    """A family whose builds are staged by hand, and the members of the index over them."""

    where: Place
    disk: Unbuilt
    tags: tuple[str, ...]
    members: tuple[Member, ...] = ()

    @property
    def root(self) -> Path:
        return self.disk.root

    @property
    def what(self) -> str:
        return f"{len(self.tags)} tags over {len(self.members)} platforms"

    def renew(self) -> None:
        """Stage builds that nobody knows, and let each arch publish its own, as its job does when it has built."""
        self.members = asyncio.run(_staged(self.disk.change(secrets.token_hex(8))))
        arches = (word for member in self.members for word in ("--arch", member.arch))
        read((*TOOL, "-C", str(self.root), "publish", *arches), env=self.where.environment)

    def published(self) -> Measured:
        """Ours; the tags of arches are where they should be, and no peer looks at them."""
        return measured((*TOOL, "-C", str(self.root), "publish", "--shared-only"), env=self.where.environment)

    def by(self, peer: Peer) -> Measured:
        """What a peer needs for the same, from the arches' repositories to one that it has for itself."""
        return measured(peer(self), env=self.where.environment)

    @property
    def note(self) -> str:
        """How many requests the last run sent, and how many could not be spared."""
        sent = Counter(json.loads((self.root / "out" / "publish.json").read_text())["requests"]["sent"])
        writes = sent.total() - sent["GET"] - sent["HEAD"]
        least, least_writes = self._least(writes=bool(writes))
        return f"{sent.total()} requests (least {least}), {writes} of them write (least {least_writes})"

    def _least(self, *, writes: bool) -> tuple[int, int]:
        """Requests, and how many of them write, of a run that looks once at each build, their base and each tag.

        It proves nothing of what it wrote and keeps no journal.
        """
        looks = len(self.members) + 1 + len(self.tags)
        manifests, blobs = len(self.members), len(self.members) * _BLOBS
        needed = manifests + blobs + len(self.tags) if writes else 0
        return looks + needed, needed

    def images(self) -> list[str]:
        """The image of each arch where its job published it."""
        return [f"{self._arch_repository(member)}@{member.image.digest}" for member in self.members]

    def repository(self, peer: str) -> str:
        """That of a peer; another one for each change, so that nothing is there yet."""
        return f"{self.where.registry}/{peer}/{self.root.name}-{self.members[0].image.digest[-8:]}"

    def places(self, peer: str) -> list[str]:
        return [f"{self.repository(peer)}:{tag}" for tag in self.tags]

    def index(self) -> Path:
        """The index as a file, for those that only push one."""
        file = self.root / "index.json"
        file.write_bytes(assemble(self.members).content)
        return file

    def _arch_repository(self, member: Member) -> str:
        return f"{self.where.registry}/{ARCHES[member.arch].namespace}/{self.root.name}"


def _family(where: Place, name: str, arches: Sequence[str], tags: int) -> _Family:
    words = ["latest", *(f"r{number}" for number in range(tags // _TAGS_OF_A_WORD - _OWN_WORDS - 1))]
    made = Unbuilt.written(
        where.folder / name, state=where.state, registry=where.registry, arches=arches, aliases={_LINE: words}
    )
    return _Family(where, asyncio.run(made), tuple(f"t{number}" for number in range(tags)))


async def _staged(builds: Sequence[Mapping[str, Any]]) -> tuple[Member, ...]:
    async with client() as registry:
        return tuple(await asyncio.gather(*(stage(registry, build) for build in builds)))


def _compared(family: _Family, peers: Mapping[str, Peer], *, rounds: int) -> Iterator[Row]:
    others = [partial(family.by, peer) for peer in peers.values()]
    firsts = []
    for _ in range(rounds):
        family.renew()
        firsts.append(by_turns(1, family.published, *others))
    yield from _rows(
        f"publishing {family.what}", family.note, peers, [middle(each) for each in zip(*firsts, strict=True)]
    )
    again = by_turns(rounds, family.published, *others)
    yield from _rows(f"publishing {family.what}, nothing to do", family.note, peers, again)


def _rows(what: str, note: str, peers: Iterable[str], found: Sequence[Measured]) -> Iterator[Row]:
    """Our time beside that of each peer."""
    ours, *others = found
    for name, other in zip(peers, others, strict=True):
        yield Row(what, ours, note, other, name)


def _crane_append(family: _Family) -> Sequence[str]:
    return _script(*(_appended(family, place) for place in family.places("append")))


def _crane_tag(family: _Family) -> Sequence[str]:
    first, *others = family.places("crane")
    return _script(_appended(family, first), *(("crane", "tag", first, place.rpartition(":")[2]) for place in others))


def _appended(family: _Family, place: str) -> Sequence[str]:
    manifests = (word for image in family.images() for word in ("--manifest", image))
    return ("crane", "index", "append", "--tag", place, *manifests)


def _oras(family: _Family) -> Sequence[str]:
    """It makes no index and checks none: it gets ours as a file."""
    repository = family.repository("oras")
    copies = (
        ("oras", "cp", "--from-plain-http", "--to-plain-http", image, f"{repository}@{image.partition('@')[2]}")
        for image in family.images()
    )
    tags = f"{repository}:{','.join(family.tags)}"
    index = ("oras", "manifest", "push", "--plain-http", "--media-type", OCI_INDEX, tags, str(family.index()))
    return _script(*copies, index)


def _imagetools(family: _Family) -> Sequence[str]:
    places = family.places("imagetools")
    # With all tags in one command it brings the images for each anew, at once; distribution 2.8.3 refuses that.
    return _script(
        *(("docker", "buildx", "imagetools", "create", "--tag", place, *family.images()) for place in places)
    )


def _docker_manifest(family: _Family) -> Sequence[str]:
    return _script(
        *(
            command
            for place in family.places("manifest")
            for command in (
                ("docker", "manifest", "create", "--insecure", "--amend", place, *family.images()),
                ("docker", "manifest", "push", "--insecure", "--purge", place),
            )
        )
    )


def _script(*commands: Sequence[str]) -> Sequence[str]:
    return ("sh", "-ec", "\n".join(map(shlex.join, commands)))


_TAGGING: Mapping[str, Peer] = {"`crane index append` once, then `crane tag`": _crane_tag}
_PLAIN: Mapping[str, Peer] = {
    "`crane index append` for each tag": _crane_append,
    **_TAGGING,
    "`oras manifest push` of an index made before": _oras,
}
_DOCKER: Mapping[str, Peer] = {
    "`docker buildx imagetools create` for each tag": _imagetools,
    "`docker manifest`": _docker_manifest,
}
