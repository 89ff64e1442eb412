"""The Jenkins jobs of an image: which there are, where each runs, by which command, and what its end means."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.errors import ExitCode, InputError
from orchestrator.model.config import Config
from orchestrator.model.config.jenkins import CONTROL_AGENT, DEFAULT_AGENT, Credentials, JenkinsConfig
from orchestrator.model.durations import seconds
from orchestrator.model.jenkins_kinds import OF_ARCH, SHARED, Kind
from orchestrator.model.plan import Build
from orchestrator.model.platforms import ARCHES
from orchestrator.model.references import LOCAL
from orchestrator.model.windows import release

PROGRAM = ".venv/bin/orchestrator"

RESULTS = {
    ExitCode.DONE: "SUCCESS",
    ExitCode.INCOMPLETE: "UNSTABLE",
    ExitCode.INTERRUPTED: "ABORTED",
}
"""The result in Jenkins by exit code; all others are FAILURE."""
REPEATED = (ExitCode.UNAVAILABLE,)
"""The exit codes after which a command is run once more."""
PAUSE_SECONDS = 60

_DEFAULT_AGENTS = {DEFAULT_AGENT: "docker-{arch}", CONTROL_AGENT: "docker"}
# How often a job may run its command.
_TRIES = 2
# What a job does besides its command: checkout, virtual environment, login, archive.
_AROUND_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands in Jenkins."""

    path: str
    """Below the folder of all jobs, such as `amd64/build`."""
    kind: Kind
    about: str
    agent: str
    """A label expression."""
    credentials: str
    """An id; empty where the job needs none."""
    command: str
    """A line for sh, to be run in the checkout."""
    minutes: int
    """When Jenkins ends it, long after the tool should have ended by itself."""
    schedule: str


@dataclass(frozen=True, slots=True)
class Jobs:
    """All jobs of an image."""

    folder: str
    config: JenkinsConfig
    git_url: str
    branch: str
    registry: str
    shared: tuple[Job, ...]
    of_arch: dict[str, tuple[Job, ...]]
    """By arch, in the arches' own order."""

    @property
    def all(self) -> tuple[Job, ...]:
        return (*self.shared, *(job for jobs in self.of_arch.values() for job in jobs))


def jobs(config: Config, arches: Iterable[str]) -> Jobs:
    """The jobs that build an image on these arches; raises InputError where orchestrator.yaml does not say enough."""
    mine = _configured(config)
    return Jobs(
        folder=mine.folder or config.title,
        config=mine,
        git_url=config.git_url,
        branch=config.git_fetch,
        registry=config.registry,
        shared=tuple(_job(kind, mine, arch="") for kind in SHARED),
        of_arch={
            arch: tuple(_job(kind, mine, arch=arch) for kind in OF_ARCH)
            for arch in sorted(set(arches), key=list(ARCHES).index)
        },
    )


def agent_of(build: Build, config: JenkinsConfig) -> str:
    """The label of agents that can make a build; raises InputError for a Windows release that has no agents.

    An image of Windows is built on the release of its base: https://learn.microsoft.com/virtualization/windowscontainers
    """
    arch = _agent(config, build.target.arch)
    releases = {release(base.os_version): base.name for base in build.bases if base.os_version}
    if not build.target.platform.is_windows or not releases:
        return arch
    labels = [arch]
    for name, base in sorted(releases.items()):
        if name not in config.windows_releases:
            raise InputError(
                f"orchestrator.yaml: jenkins/windows_releases: no agents run {name}, the release of {base.short} that "
                f'{build.target} stands on; add the label of those that do: "{name}": windows-...'
            )
        labels.append(config.windows_releases[name])
    return " && ".join(f"({label})" if "||" in label else label for label in labels)


def _configured(config: Config) -> JenkinsConfig:
    if config.jenkins is None:
        raise InputError("orchestrator.yaml: there is no `jenkins`; `jenkins: {}` is enough to begin with")
    if problems := [*_problems(config, config.jenkins.credentials)]:
        raise InputError(*problems)
    return config.jenkins


def _problems(config: Config, credentials: Credentials) -> Iterator[str]:
    if not config.git_url:
        yield "orchestrator.yaml: git_url: Jenkins checks the image out from there; name the repository"
    if config.registry == LOCAL and (credentials.read or credentials.arch or credentials.shared):
        yield "orchestrator.yaml: jenkins/credentials: each agent has a registry `local` of its own; name one for all"


def _job(kind: Kind, config: JenkinsConfig, *, arch: str) -> Job:
    limit = seconds(config.time_limits.get(kind.name, kind.time_limit))
    values = {"arch": arch, "limit": f"{limit:g}s", "count": str(config.builds_at_once)}
    return Job(
        path=f"{arch}/{kind.name}" if arch else kind.name,
        kind=kind,
        about=kind.about.format(**values),
        agent=_agent(config, arch if kind.pipeline == "build" else CONTROL_AGENT),
        credentials=_credentials(config.credentials, kind).replace("{arch}", arch),
        command=f"{PROGRAM} {kind.words.format(**values)}",
        minutes=math.ceil((_TRIES * limit + PAUSE_SECONDS + _AROUND_SECONDS) / 60),
        schedule=config.schedules.get(kind.name, kind.schedule),
    )


def _agent(config: JenkinsConfig, arch: str) -> str:
    """The label for an arch, or for the jobs that build nothing."""
    agents = {**_DEFAULT_AGENTS, **config.agents}
    return agents.get(arch, agents[DEFAULT_AGENT]).replace("{arch}", arch)


def _credentials(credentials: Credentials, kind: Kind) -> str:
    by_name = {"read": credentials.read, "arch": credentials.arch, "shared": credentials.shared}
    return by_name[kind.credentials]
