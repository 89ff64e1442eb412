"""The last run of `build` on this machine, as the events tell it that it left."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError


@dataclass(frozen=True, slots=True)
class Ran:
    """One build of a run, from the moment it had its builder; times in UTC."""

    target: str
    arch: str
    build_id: str
    builder: str
    """Its name; empty where the events do not tell."""
    started: dt.datetime
    ended: dt.datetime | None = None
    """None while it runs, and for ever where the run was killed meanwhile."""
    result: str = ""
    attempts: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LastRun:
    """One run; its builds in the order in which they began."""

    began: dt.datetime
    heard: dt.datetime
    """When the last of its events was written."""
    builds: tuple[Ran, ...]
    is_over: bool
    """Whether nobody writes events any more; what has no end then was killed."""

    @classmethod
    def of(cls, lines: Iterable[str], *, is_over: bool) -> "LastRun | None":
        """The run that these events tell of, schema 1; None where there are none.

        A line that cannot be read is passed over: the last one may be half written still.
        """
        builds: dict[str, Ran] = {}
        times: list[dt.datetime] = []
        for event in _events(lines):
            times.append(event.time)
            if event.event == "started":
                builds[event.target] = Ran(event.target, event.arch, event.build_id, event.builder, event.time)
            elif event.event == "finished" and event.target in builds:
                builds[event.target] = _ended(builds[event.target], event)
        return cls(times[0], times[-1], tuple(builds.values()), is_over) if times else None

    @property
    def running(self) -> dict[str, Ran]:
        """What is being built now, by build ID."""
        return {} if self.is_over else {each.build_id: each for each in self.builds if each.ended is None}


def _events(lines: Iterable[str]) -> Iterator["_Event"]:
    for line in lines:
        try:
            yield _Event.model_validate_json(line)
        except ValidationError:
            continue


def _ended(ran: Ran, event: "_Event") -> Ran:
    return replace(ran, ended=event.time, result=event.result, attempts=event.attempts, detail=event.detail)


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    time: AwareDatetime
    event: str
    target: str = ""
    arch: str = ""
    build_id: str = ""
    builder: str = ""
    result: str = ""
    attempts: int = 0
    detail: str = ""
