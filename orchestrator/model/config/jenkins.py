"""What orchestrator.yaml says about Jenkins: on which machines jobs run, with which credentials, when, for how long."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.model.annotations import Text
from orchestrator.model.durations import seconds
from orchestrator.model.jenkins_kinds import OF_ARCH, SHARED
from orchestrator.model.platforms import ARCHES
from orchestrator.model.problems import shown

DEFAULT_AGENT = "default"
CONTROL_AGENT = "control"
"""The agents of jobs that build nothing: they ask registries and move tags."""

_WORD = r"!?(?:[A-Za-z0-9_.-]|\{arch\})+"
_LABEL = re.compile(rf"{_WORD}(?: (?:&&|\|\|) {_WORD})*")
_CREDENTIALS = re.compile(r"[A-Za-z0-9_.-]*")
_ARCH_CREDENTIALS = re.compile(r"(?:[A-Za-z0-9_.-]|\{arch\})*")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_SCHEDULE = re.compile(r"(?:@(?:hourly|daily|midnight|weekly|monthly)|[H0-9*/,()-]+(?: [H0-9*/,()-]+){4})?")
_RELEASE = re.compile(r"10\.0\.[0-9]+")
_AGENT_FOLDER = re.compile(r"(?:/[A-Za-z0-9_.-]+)*")


def _one_of(*names: str) -> Text:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"{shown(text)} is none of {', '.join(names)}")
        return text

    return Text(read, enum=list(names))


def _span(text: str) -> str:
    seconds(text)
    return text


AgentsOf = Annotated[str, _one_of(DEFAULT_AGENT, CONTROL_AGENT, *ARCHES)]
"""An arch, or `default` for the arches that are not named, or `control` for jobs that build nothing."""
JobName = Annotated[str, _one_of(*(kind.name for kind in (*OF_ARCH, *SHARED)))]
Label = Annotated[str, Text.matching(_LABEL, "a label of agents; write it like docker-{arch} or linux && docker")]
CredentialsId = Annotated[str, Text.matching(_CREDENTIALS, "the id of credentials; write it like registry-read")]
ArchCredentialsId = Annotated[
    str, Text.matching(_ARCH_CREDENTIALS, "the id of credentials; write it like registry-{arch}")
]
JobFolder = Annotated[str, Text.matching(_FOLDER, "a folder of jobs; write it like images/python")]
Schedule = Annotated[str, Text.matching(_SCHEDULE, "a schedule; write it like `H/30 * * * *`, or leave it empty")]
WindowsRelease = Annotated[str, Text.matching(_RELEASE, "a release of Windows; write it like 10.0.26100")]
AgentFolder = Annotated[str, Text.matching(_AGENT_FOLDER, "a folder on the agents; write it like /srv/wheels")]
TimeLimit = Annotated[str, Text(_span, examples=["3h", "20m"])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Credentials(_Part):
    """Ids of credentials in Jenkins, each a user name with a password or token; a job gets no more than its own.

    What is left out needs none.
    """

    git: CredentialsId = ""
    """For the checkout, by all jobs; Jenkins alone sees them."""
    read: CredentialsId = ""
    """For jobs that only read from the registry."""
    arch: ArchCredentialsId = ""
    """For builds and arch tags: may write staging and the repositories of one arch, which is `{arch}`."""
    shared: CredentialsId = ""
    """For the job that moves the shared tags."""


class JenkinsConfig(_Part):
    """The jobs of `orchestrator jenkins`."""

    folder: JobFolder = ""
    """Where the jobs are in Jenkins; the image's public name when left out."""
    agents: dict[AgentsOf, Label] = {}
    """The label of agents by arch; `{arch}` is the arch's name. `default` is docker-{arch}, `control` docker."""
    windows_releases: dict[WindowsRelease, Label] = {
        "10.0.17763": "windows-2019",
        "10.0.20348": "windows-2022",
        "10.0.26100": "windows-2025",
    }
    """The label of agents that run a release of Windows: images are built on the release of their base."""
    credentials: Credentials = Credentials()
    """By what jobs may read and write; registries that ask no login need none."""
    schedules: dict[JobName, Schedule] = {}
    """When jobs start by themselves, in Jenkins' words; an empty one never does."""
    time_limits: dict[JobName, TimeLimit] = {}
    """When a job is ended, like `3h`; a build has this long for each time that it is tried."""
    builds_at_once: Annotated[int, Field(ge=1, strict=True)] = 8
    """How many builds of one arch are handed to Jenkins together; it runs as many as there are agents."""
    builds_kept: Annotated[int, Field(ge=1, strict=True)] = 50
    """How many runs of each job Jenkins keeps with their logs and records."""
    wheelhouse: AgentFolder = ""
    """A folder on the agents with the Python packages of requirements/dev.txt, for agents without a package index."""
