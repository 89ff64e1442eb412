"""Makes sure, before anything is built, that every builder answers and can build what is wanted of it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from orchestrator.errors import InputError, OrchestratorError, ProgramMissingError, joined
from orchestrator.model.classic import dockerfile as classic_dockerfile
from orchestrator.model.config import Config
from orchestrator.model.plan import Build
from orchestrator.model.platforms import ARCHES
from orchestrator.model.targets import Target
from orchestrator.model.windows import release
from orchestrator.tools.builders import ReadyBuilder
from orchestrator.tools.builders.addresses import reaches
from orchestrator.tools.builders.drivers import Means, look_at
from orchestrator.tools.builders.uses import Use, uses


async def ready_builders(
    builds: Iterable[Build], config: Config, means: Means, *, emulate: bool
) -> dict[Target, ReadyBuilder]:
    """The builder of each target, seen to answer; native first, emulation only where it is allowed.

    Raises one error with everything that stands in the way: UnavailableError for a builder that is silent,
    ProgramMissingError without an engine or an emulator, InputError for what was not allowed or cannot be.
    """
    wanted = uses(builds, config, emulate=emulate)
    found = await asyncio.gather(*(_ready(use, means) for use in wanted))
    if errors := [error for _, several in found for error in several]:
        raise joined(errors)
    return {
        build.target: ready
        for use, (ready, _) in zip(wanted, found, strict=True)
        for build in use.builds
        if ready is not None
    }


def emulations(builders: Mapping[Target, ReadyBuilder]) -> tuple[tuple[str, str], ...]:
    """The arches that are built by emulation, each with where."""
    found = {(target.arch, ready.where) for target, ready in builders.items() if target.arch in ready.runs.emulated}
    return tuple(sorted(found))


def problems(use: Use, ready: ReadyBuilder) -> Iterator[OrchestratorError]:
    """What keeps a builder that answered from what is wanted of it."""
    yield from _arch_problems(use, ready)
    yield from _release_problems(use, ready)
    if use.builder.driver == "classic":
        yield from _dockerfile_problems(use)
    for registry in use.base_registries:
        if not reaches(ready.address, registry):
            yield InputError(
                f"{use.key}: {ready.where} cannot reach the bases at {registry}, which leads to this machine alone; "
                "put them into a registry that both reach, or name another builder in `builders`"
            )


async def _ready(use: Use, means: Means) -> tuple[ReadyBuilder | None, list[OrchestratorError]]:
    try:
        ready = await look_at(use, means)
    except OrchestratorError as error:
        return None, [error]
    return ready, list(problems(use, ready))


def _arch_problems(use: Use, ready: ReadyBuilder) -> Iterator[OrchestratorError]:
    own = ", ".join(sorted(ready.runs.native))
    for arch in use.arches:
        if arch in ready.runs.native:
            continue
        if not ARCHES[arch].elf_machine:
            yield InputError(f"{arch}: {ready.where} runs {own}; name one for {arch} in `builders`")
        elif arch not in ready.runs.emulated:
            yield ProgramMissingError(
                f"{arch}: {ready.where} runs {own} and has no emulator for it; {_emulator_remedy(use)}"
            )
        elif not use.may_emulate:
            yield InputError(
                f"{arch}: {ready.where} runs {own} by itself; allow emulation by --emulate, or by `emulate: true` in "
                "`builders` of orchestrator.yaml"
            )


def _release_problems(use: Use, ready: ReadyBuilder) -> Iterator[OrchestratorError]:
    """Bases of another release of Windows than the builder's: there nothing of them would start."""
    bases = dict.fromkeys((build.target.facts.variant, base) for build in use.builds for base in build.bases)
    for variant, base in bases:
        if ready.os_version and base.os_version and release(base.os_version) != release(ready.os_version):
            yield InputError(
                f"{variant}: base {base.name.short} is Windows {base.os_version}, but {ready.where} is Windows "
                f"{ready.os_version}; name a builder of the base's release as `{variant}` in `builders`"
            )


def _dockerfile_problems(use: Use) -> Iterator[OrchestratorError]:
    """What of the Dockerfiles only BuildKit can do."""
    for directory, build in {build.directory: build for build in use.builds}.items():
        has_source = bool(build.target.facts.sources) and classic_dockerfile.has_source_stage(build.dockerfile)
        for problem in classic_dockerfile.problems(build.dockerfile, has_source=has_source):
            yield InputError(f"{directory}/Dockerfile: {problem}")


def _emulator_remedy(use: Use) -> str:
    if use.builder.driver == "local":
        return "`orchestrator doctor` says how to get one"
    return f"register one on its machine, or name another builder for {use.key} in `builders`"
