"""A published image family that no builder made: its builds are put in staging by hand, and jobs publish them."""

import asyncio
import hashlib
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.model.config import Config
from orchestrator.model.oci import Document
from orchestrator.model.plan import Build, Plan
from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.moves import Rules
from orchestrator.model.publishing.publication import (
    Publication,
    Staged,
    Wanted,
    arch_publications,
    shared_publications,
    wanted,
)
from orchestrator.model.publishing.run import PublishRun
from orchestrator.model.references import Reference, Repository
from orchestrator.model.repositories import Repositories
from orchestrator.model.tags import Tags
from orchestrator.model.targets import Target
from orchestrator.tools import staging
from orchestrator.tools.publish import Publishing, publish
from orchestrator.tools.publish.live import staged_targets
from orchestrator.tools.registry import Registry
from tests.pushing import Image, client, holds, image, push
from tests.samples import build, journal, tar

NAME = "1.0/trixie"
TAGS = Tags(simple=("1.0.1-trixie", "1.0-trixie"), shared=("1.0", "latest"), exact=("1.0.1-trixie",))

_FIRST_PAUSE_SECONDS = 0.02
_STRICT = Rules()


@dataclass(frozen=True, slots=True)
class Job:
    """One run of publishing: through which client, at which address, of which change, and what it may do."""

    registry: Registry
    address: str
    """Where it finds the registry: that of a proxy."""
    change: str
    rules: Rules = _STRICT
    generation: int | None = None
    keep_alive: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """Its repositories in a registry, and what it is made of; a change is the word that tells its builds apart."""

    registry: str
    """The address past any proxy."""
    name: str
    arches: tuple[str, ...] = ("amd64", "arm64v8")
    tags: Tags = TAGS
    best_effort: tuple[str, ...] = ()

    def repositories(self, address: str = "") -> Repositories:
        config = Config(
            image=self.name,
            registry=address or self.registry,
            staging_namespace=f"staging/{self.name}",
            best_effort=self.best_effort,
        )
        return Repositories(address or self.registry, config)

    @property
    def shared(self) -> Repository:
        return self.repositories().shared

    def image(self, arch: str, change: str) -> Image:
        layer = tar({"change": f"{self.name} {arch} {change}".encode()})
        return image(layer, platform=str(ARCHES[arch].platform))

    def build(self, arch: str, change: str, address: str = "") -> Build:
        """The build of an arch, which every change makes another one."""
        repositories = self.repositories(address)
        made = build(f"{NAME}@{arch}", config=repositories.config)
        word = hashlib.sha256(f"{arch} {change}".encode()).hexdigest()
        return replace(made, staging=repositories.staged(arch, word))

    async def stage(self, change: str, *arches: str, keep_alive: bool = False) -> None:
        """Put the builds of a change in staging, past any proxy; of all arches where none is named."""
        async with client() as direct:
            await asyncio.gather(
                *(self._stage(direct, arch, change, keep_alive=keep_alive) for arch in arches or self.arches)
            )

    async def _stage(self, direct: Registry, arch: str, change: str, *, keep_alive: bool) -> None:
        one, made = self.image(arch, change), self.build(arch, change)
        await push(direct, made.staging.repository.at(one.manifest.digest), one)
        await staging.tag(made, assemble([self._member(arch, change)]), direct, keep_alive=keep_alive)

    def _member(self, arch: str, change: str) -> Member:
        return Member(arch, self.image(arch, change).manifest.descriptor(platform=ARCHES[arch].platform))

    async def run(self, job: Job) -> PublishRun:
        """Publish what is staged of a change."""
        repositories = self.repositories(job.address)

        async def ask() -> Sequence[Publication]:
            return await self._publications(job, repositories)

        salted = journal(f"20260131T120000Z-{secrets.token_hex(4)}")
        how = Publishing(job.registry, repositories.journals, job.rules, keep_alive=job.keep_alive, pause=_pause)
        return await publish(ask, salted, how)

    async def _publications(self, job: Job, repositories: Repositories) -> Sequence[Publication]:
        builds = Plan(tuple(self.build(arch, job.change, job.address) for arch in self.arches))
        plan = builds.with_staged(await staging.find(builds, job.registry))
        found = await staged_targets(plan, job.registry)
        tags = self._wanted([each.target for each in builds.builds], job.generation)
        return (
            *arch_publications(tags, found, repositories=repositories),
            *shared_publications(tags, found, repositories=repositories),
        )

    def _wanted(self, targets: Sequence[Target], generation: int | None) -> Wanted:
        tags_of = {(target.facts.line, target.facts.variant): self.tags for target in targets}
        return wanted(targets, tags_of, generation=generation)

    def expected(self, change: str, *, generation: int | None = None) -> Mapping[Reference, Document]:
        """What each public tag names after a run without faults, as the registry itself calls it."""
        repositories = self.repositories()
        builds = [self.build(arch, change) for arch in self.arches]
        found = {
            each.target: Staged(
                each.target, each.staging.repository, (self._member(each.target.arch, change),), each.build_id
            )
            for each in builds
        }
        tags = self._wanted(list(found), generation)
        publications = (
            *arch_publications(tags, found, repositories=repositories),
            *shared_publications(tags, found, repositories=repositories),
        )
        return {each.tag: each.assembled() for each in publications}

    async def published(self, change: str = "old") -> Mapping[Reference, Document]:
        """Stage and publish a change past any proxy; what its tags name then."""
        await self.stage(change)
        async with client() as direct:
            await self.run(Job(direct, self.registry, change))
        return self.expected(change)

    async def live(self) -> Mapping[Reference, Document]:
        """What the public tags name now, asked of the registry itself; raises where it cannot say."""
        async with client() as direct:
            tags = list(self.expected("any"))
            found = await asyncio.gather(*(direct.document(tag) for tag in tags))
        return {tag: each for tag, each in zip(tags, found, strict=True) if each is not None}

    async def broken(self, before: Mapping[Reference, Document], after: Mapping[Reference, Document]) -> list[str]:
        """What is wrong with the public tags while they go from one state to another; nothing is what it should be.

        Each names what it named, or what it is to name, and nothing less; whatever it names is there as a whole.
        """
        now = await self.live()
        problems = [f"{tag} is gone" for tag in before if tag not in now]
        for tag, document in now.items():
            allowed = {state[tag].digest for state in (before, after) if tag in state}
            if document.digest not in allowed:
                problems.append(f"{tag} names something else")
            if tag in before and not _platforms(before[tag]) <= _platforms(document):
                problems.append(f"{tag} has lost a platform")
        async with client() as direct:
            places = sorted({tag.repository.at(document.digest) for tag, document in now.items()})
            whole = await asyncio.gather(*(holds(direct, place.repository, place.digest) for place in places))
        return problems + [
            f"{place} is not whole" for place, is_whole in zip(places, whole, strict=True) if not is_whole
        ]


async def _pause(rounds: int) -> None:
    """The pause of jobs that race, a hundred times shorter."""
    await asyncio.sleep(random.uniform(0, _FIRST_PAUSE_SECONDS * 2**rounds))


def _platforms(document: Document) -> set[str]:
    return {str(child.platform) for child in document.children}
