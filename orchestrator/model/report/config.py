"""What the configuration of an image says of how it was made and how its containers start."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from orchestrator.model.characters import REFUSED
from orchestrator.model.problems import summary_of

# A configuration is whatever somebody pushed; a tab or a line end is text, but nothing that steers a terminal is.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of an image's history."""

    created: dt.datetime | None
    created_by: str
    is_empty: bool
    """Whether it added no layer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How containers start, and what else the configuration says for people."""

    docker_version: str = ""
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    shell: tuple[str, ...] | None = None
    user: str = ""
    working_dir: str = ""
    stop_signal: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A configuration as far as reports tell of it."""

    settings: Settings
    steps: tuple[Step, ...]
    created: dt.datetime | None = None

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a configuration; raises ValueError for a malformed one.

        Keys: https://github.com/opencontainers/image-spec/blob/main/config.md#properties and, of Docker alone,
        `docker_version` and `config.Shell`.
        """
        try:
            found = _Config.model_validate_json(content)
        except ValidationError as error:
            raise ValueError(summary_of(error, _Config)) from error
        start = found.config
        settings = Settings(
            docker_version=found.docker_version,
            entrypoint=start.entrypoint,
            command=start.cmd,
            shell=start.shell,
            user=start.user,
            working_dir=start.working_dir,
            stop_signal=start.stop_signal,
            environment=dict(_variable(word) for word in start.env),
            labels=start.labels,
        )
        steps = (Step(each.created, each.created_by, each.empty_layer) for each in found.history)
        return cls(settings, tuple(steps), found.created)


def _variable(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _text(value: object) -> object:
    return _STEERING.sub(_REPLACEMENT, value) if isinstance(value, str) else value


def _line(value: object) -> object:
    if value is None:
        return ""
    return REFUSED.sub(_REPLACEMENT, value) if isinstance(value, str) else value


def _words(value: object) -> object:
    # Docker reads one word without a list as well: https://pkg.go.dev/github.com/docker/docker/api/types/strslice
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _time(value: object) -> dt.datetime | None:
    """A time in UTC; raises ValueError for what is none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("expected a time as text")
    try:
        found = dt.datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("the time is out of range") from None


_T = TypeVar("_T")

_Line = Annotated[str, BeforeValidator(_line)]
_Word = Annotated[str, BeforeValidator(_text)]
_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else _text(value))]
_Words = Annotated[tuple[_Word, ...] | None, BeforeValidator(_words)]
_Time = Annotated[dt.datetime | None, BeforeValidator(_time)]
# Programs in Go write an empty list or map as null.
_Listed = Annotated[list[_T], BeforeValidator(lambda value: [] if value is None else value)]
_Mapped = Annotated[dict[_Word, _Word], BeforeValidator(lambda value: {} if value is None else value)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Start(_Part):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, alias_generator=to_pascal)

    env: _Listed[_Word] = []
    cmd: _Words = None
    entrypoint: _Words = None
    shell: _Words = None
    user: _Line = ""
    working_dir: _Line = ""
    stop_signal: _Line = ""
    labels: _Mapped = {}


class _Entry(_Part):
    created: _Time = None
    created_by: _Text = ""
    empty_layer: Annotated[bool, BeforeValidator(lambda value: value or False)] = False


class _Config(_Part):
    created: _Time = None
    docker_version: _Line = ""
    config: Annotated[_Start, BeforeValidator(lambda value: {} if value is None else value)] = Field(
        default_factory=_Start
    )
    history: _Listed[_Entry] = []
