"""Reads the folder of an image: its inputs, the Dockerfiles they render to, and the matrix they make."""

import functools
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Self

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.render import dockerfiles
from orchestrator.errors import InputError
from orchestrator.model.bases import Mirrors, mirrors, needs_local, plain_http
from orchestrator.model.catalog import Catalog
from orchestrator.model.characters import is_unicode
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts, facts
from orchestrator.model.fields import check_build_arg
from orchestrator.model.plan import Plan
from orchestrator.model.plan.parents import PublicNames, base_arches, base_of, lineage
from orchestrator.model.plan.repeat import Told
from orchestrator.model.references import LOCAL, Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.tags import Tags, check, tags
from orchestrator.model.targets import Matrix, Target
from orchestrator.model.trees import FileTree
from orchestrator.model.variants import Variant
from orchestrator.render.dockerfile import path_of
from orchestrator.tools import bases, inputs, local_registry, on_demand, planner
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import DockerCredentials
from orchestrator.tools.registry.kept import Kept
from orchestrator.tools.registry.network import Network

OUT = "out"
"""Where plans, records and logs go, below the image's folder."""


@dataclass(frozen=True, slots=True)
class Project:
    """One image: what its files say, and what follows from them alone."""

    catalog: Catalog
    config: Config
    facts: tuple[Facts, ...]
    tags: Mapping[tuple[str, Variant], Tags]
    tree: FileTree
    """Dockerfiles by their paths below the folder of Dockerfiles."""
    build_args: Mapping[str, str]

    @classmethod
    def read(cls, invocation: Invocation, *, build_args: Iterable[str] = (), may_be_expired: bool = False) -> Self:
        """Read and render everything in memory; `build_args` are NAME=VALUE. Raises InputError with what is wrong.

        An exclusion that has ended is wrong too, unless it `may_be_expired`.
        """
        given = _build_args(build_args)
        bare = cls.without_templates(invocation, may_be_expired=may_be_expired)
        return replace(
            bare,
            tree=dockerfiles(bare.facts, invocation.root),
            build_args={**bare.config.build_args, **given},
        )

    @classmethod
    def without_templates(cls, invocation: Invocation, *, may_be_expired: bool = False) -> Self:
        """What the image's two files say alone, for work that takes Dockerfiles as they are; raises InputError."""
        loaded = inputs.load(
            root=invocation.root,
            environment=invocation.environment,
            overrides=invocation.overrides,
            today=None if may_be_expired else invocation.now().date(),
        )
        return cls(
            catalog=loaded.catalog,
            config=loaded.config,
            facts=facts(loaded.catalog, loaded.config),
            tags=tags(loaded.catalog, loaded.config),
            tree={},
            build_args=loaded.config.build_args,
        )

    @property
    def names(self) -> PublicNames:
        """What Dockerfiles may call the targets by."""
        return PublicNames.of(self.config, self.facts, self.tags)

    @property
    def open_bases(self) -> tuple[str, ...]:
        """The bases from elsewhere of those variants whose architectures the configuration leaves to them."""
        names = self.names
        variants = (each for each in self.facts if self.config.architectures_of(each.variant) is None)
        return tuple(sorted({each.base for each in variants if not names.published(base_of(each), to=each)}))

    def base_arches(self, asked: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        """The arches that bases leave to open variants, given those of the bases that were asked."""
        return base_arches(self.facts, self.config, self.names, asked=asked)

    def matrix(self, asked: Mapping[str, tuple[str, ...]]) -> Matrix:
        """All targets, given the arches of open bases; raises InputError when two would share a tag."""
        matrix = Matrix.of(self.facts, self.config, base_arches=self.base_arches(asked))
        check(matrix.targets, self.tags)
        return matrix

    def recipes(self, invocation: Invocation, wanted: Iterable[Facts]) -> dict[str, planner.Recipe]:
        """What the rendered directories of these ask for, by name; raises InputError."""
        return {each.name: self.recipe(invocation, each) for each in wanted}

    def recipe(self, invocation: Invocation, wanted: Facts) -> planner.Recipe:
        """What a rendered directory asks for; raises InputError."""
        path = path_of(wanted)
        directory = PurePosixPath(self.config.dockerfiles)
        return planner.recipe(invocation.root, directory / path, self.tree[path], self.build_args)


@dataclass(frozen=True, slots=True)
class Registries:
    """The registries of one run: where images go, where bases come from, and one client for all of them."""

    invocation: Invocation
    project: Project
    client: Registry
    mirrors: Mirrors
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The arches of those open bases that have answered already."""

    async def repositories(self) -> Repositories:
        """Where images go; starts the local registry when it is the one."""
        config = self.project.config
        address = await _local(self.invocation) if config.registry == LOCAL else config.registry
        return Repositories(address, config)

    async def matrix(self) -> Matrix:
        """All targets; asks the open bases for their arches, each of them once."""
        names = {base: Reference.parse(base) for base in self.project.open_bases if base not in self.asked}
        found = await bases.find(names.values(), registry=self.client, mirrors=self.mirrors)
        self.asked.update({base: found[name].arches for base, name in names.items()})
        return self.project.matrix(self.asked)

    async def plan(self, targets: Iterable[Target], *, forced: str = "", emulate: bool = False) -> Plan:
        """What stands in staging for these targets and what does not, with the parents that they need.

        `forced` is the reason for which the targets are built though they are staged; `emulate` says that the run may
        build for other machines, which repeating its builds takes as well.
        """
        recipe = functools.cache(functools.partial(self.project.recipe, self.invocation))
        family = lineage(
            targets,
            matrix=await self.matrix(),
            names=self.project.names,
            images=lambda wanted: recipe(wanted).images,
        )
        recipes = {target.facts.name: recipe(target.facts) for target in family.targets}
        resolved = await planner.resolved_bases(family, recipes, mirrors=self.mirrors, registry=self.client)
        plan = await planner.plan(
            family,
            recipes,
            resolved,
            build_args=self.project.build_args,
            registry=self.client,
            repositories=await self.repositories(),
        )
        return (plan.forced(forced) if forced else plan).without_idle().as_told(self.told(emulate=emulate))

    def told(self, *, emulate: bool) -> Told:
        """What repeating a build of this run takes besides its name."""
        overrides, configured = self.invocation.overrides, self.project.config.build_args
        return Told(
            registry=overrides.get("registry", ""),
            mirrors=overrides.get("mirrors", ""),
            build_args={
                name: value for name, value in self.project.build_args.items() if configured.get(name) != value
            },
            emulate=emulate,
            folder=self.invocation.folder,
            has_makefile=(self.invocation.root / "Makefile").is_file(),
        )


@asynccontextmanager
async def registries(invocation: Invocation, project: Project) -> AsyncIterator[Registries]:
    """Open a client for the registries that a project works with."""
    async with client(invocation, project.config.mirrors) as (registry, mirrored):
        yield Registries(invocation, project, registry, mirrored)


def configured_mirrors(invocation: Invocation) -> Mapping[str, Sequence[str]]:
    """The mirrors, in words, of the image whose folder this is; outside of one those that the run was given."""
    environment, overrides = invocation.environment, invocation.overrides
    if (invocation.root / inputs.CONFIG_FILE).exists():
        loaded = inputs.load(root=invocation.root, environment=environment, overrides=overrides, today=None)
        return loaded.config.mirrors
    return inputs.given_mirrors(environment=environment, overrides=overrides)


@asynccontextmanager
async def client(
    invocation: Invocation, configured: Mapping[str, Sequence[str]], *, has_memory: bool = True
) -> AsyncIterator[tuple[Registry, Mirrors]]:
    """Open a client for registries, and say where each is really reached; `configured` are the mirrors in words.

    One that `has_memory` takes what it read in earlier runs for what is stored where digests are equal.
    """
    local = await _local(invocation) if needs_local(configured) else ""
    try:
        mirrored = mirrors(configured, local=local)
    except ValueError as error:
        raise InputError(f"mirrors: {error}") from error
    credentials = DockerCredentials(invocation.environment)
    async with Registry(
        credentials=credentials,
        plain_http=plain_http(mirrored),
        kept=Kept(invocation.registry_cache) if has_memory else None,
        network=Network.of(invocation.environment),
    ) as registry:
        yield registry, mirrored


async def _local(invocation: Invocation) -> str:
    served = await local_registry.served(invocation.state)
    if served is not None:
        return served
    lifecycle = on_demand.module("tools.local_registry.lifecycle")
    address: str = await lifecycle.ensure(
        state=invocation.state, runner=invocation.runner, environment=invocation.environment
    )
    return address


async def matrix(invocation: Invocation, project: Project) -> Matrix:
    """All targets; opens registries only when an open base has to be asked."""
    if not project.open_bases:
        return project.matrix({})
    async with registries(invocation, project) as opened:
        return await opened.matrix()


def _build_args(words: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        try:
            check_build_arg(name)
        except ValueError as error:
            raise InputError(f"--build-arg: {error}") from error
        if not equals:
            raise InputError(f"--build-arg {word}: expected NAME=VALUE")
        if not is_unicode(value):
            raise InputError(f"--build-arg {name}: its value is not UTF-8")
        found[name] = value
    return found
