"""Reads the folder of an image: its inputs, the Dockerfiles they render to, and the matrix they make."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.render import dockerfiles
from orchestrator.errors import InputError
from orchestrator.model.bases import Mirrors, mirrors, needs_local, plain_http
from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts, facts
from orchestrator.model.fields import check_build_arg
from orchestrator.model.plan import Plan
from orchestrator.model.references import LOCAL, Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.tags import Tags, check, tags
from orchestrator.model.targets import Matrix, Target
from orchestrator.model.trees import FileTree
from orchestrator.model.variants import Variant
from orchestrator.render.dockerfile import path_of
from orchestrator.tools import bases, inputs, local_registry, planner
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import DockerCredentials

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
        loaded = inputs.load(
            root=invocation.root,
            environment=invocation.environment,
            overrides=invocation.overrides,
            today=None if may_be_expired else invocation.now().date(),
        )
        every = facts(loaded.catalog, loaded.config)
        return cls(
            catalog=loaded.catalog,
            config=loaded.config,
            facts=every,
            tags=tags(loaded.catalog, loaded.config),
            tree=dockerfiles(every, invocation.root),
            build_args={**loaded.config.build_args, **given},
        )

    @property
    def open_bases(self) -> tuple[str, ...]:
        """The bases of those variants whose architectures the configuration leaves to them."""
        return tuple(sorted({each.base for each in self.facts if self.config.architectures_of(each.variant) is None}))

    def matrix(self, base_arches: Mapping[str, tuple[str, ...]]) -> Matrix:
        """All targets, given the arches of open bases; raises InputError when two would share a tag."""
        matrix = Matrix.of(self.facts, self.config, base_arches=base_arches)
        check(matrix.targets, self.tags)
        return matrix

    def recipes(self, invocation: Invocation, wanted: Iterable[Facts]) -> dict[str, planner.Recipe]:
        """What the rendered directories of these ask for, by name; raises InputError."""
        return {
            each.name: planner.recipe(
                invocation.root,
                PurePosixPath(self.config.dockerfiles) / path_of(each),
                self.tree[path_of(each)],
                self.build_args,
            )
            for each in wanted
        }


@dataclass(frozen=True, slots=True)
class Registries:
    """The registries of one run: where images go, where bases come from, and one client for all of them."""

    invocation: Invocation
    project: Project
    client: Registry
    mirrors: Mirrors

    async def repositories(self) -> Repositories:
        """Where images go; starts the local registry when it is the one."""
        config = self.project.config
        address = await _local(self.invocation) if config.registry == LOCAL else config.registry
        return Repositories(address, config)

    async def matrix(self) -> Matrix:
        """All targets; asks the open bases for their arches."""
        names = {base: Reference.parse(base) for base in self.project.open_bases}
        found = await bases.find(names.values(), registry=self.client, mirrors=self.mirrors)
        return self.project.matrix({base: found[name].arches for base, name in names.items()})

    async def plan(self, targets: tuple[Target, ...]) -> Plan:
        """What stands in staging for these targets and what does not."""
        recipes = self.project.recipes(self.invocation, dict.fromkeys(target.facts for target in targets))
        resolved = await planner.resolved_bases(targets, recipes, mirrors=self.mirrors, registry=self.client)
        return await planner.plan(
            targets,
            recipes,
            resolved,
            build_args=self.project.build_args,
            registry=self.client,
            repositories=await self.repositories(),
        )


@asynccontextmanager
async def registries(invocation: Invocation, project: Project) -> AsyncIterator[Registries]:
    """Open a client for the registries that a project works with."""
    local = await _local(invocation) if needs_local(project.config.mirrors) else ""
    try:
        mirrored = mirrors(project.config.mirrors, local=local)
    except ValueError as error:
        raise InputError(f"mirrors: {error}") from error
    credentials = DockerCredentials(invocation.environment)
    async with Registry(credentials=credentials, plain_http=plain_http(mirrored)) as client:
        yield Registries(invocation, project, client, mirrored)


async def _local(invocation: Invocation) -> str:
    return await local_registry.ensure(
        state=invocation.state, runner=invocation.runner, environment=invocation.environment
    )


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
            raise InputError(f"--build-arg {name}: {error}") from error
        if not equals:
            raise InputError(f"--build-arg {word}: expected NAME=VALUE")
        found[name] = value
    return found
