"""What became of a farm: what its runs kept, and what the registry saw and has."""

import datetime as dt
import json
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.model.platforms import ARCHES
from tests.e2e.hello import manifest
from tests.farm.controller import Run
from tests.farm.family import IMAGE, STAGING
from tests.farm.timeline import Span, mark
from tests.fault_rules import Seen

SHARED = f"library/{IMAGE}"
_NOT_FOUND = 404
_BUILD_ID = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a farm's day."""

    shared: Mapping[str, tuple[str, ...]]
    """By shared tag: the platforms in its index, in their order; those of Windows with their release."""
    verified: int
    """The exit code of `verify` for all shared tags."""
    built: Mapping[str, int]
    """By build ID: how often its image was made."""
    staged: frozenset[str]
    """The build IDs in staging."""
    refused: tuple[Run, ...]
    """Runs that would have moved tags back."""
    last: tuple[Run, ...]
    """The last triggers, and after them the last run of publishing."""
    throttled: int
    """How many requests the registry turned away."""
    spans: tuple[Span, ...]
    """The timeline."""

    @property
    def is_good(self) -> bool:
        """Whether everything is there, built once, and nothing was moved back."""
        is_quiet = all(run.result == "SUCCESS" and not queued(run) for run in self.last)
        is_once = set(self.built) == self.staged and set(self.built.values()) == {1}
        return is_quiet and is_once and self.verified == 0 and bool(self.shared) and all(self.shared.values())


def queued(run: Run) -> list[str]:
    """The targets that a trigger found to build."""
    file = run.kept / "out" / "queue.json"
    return [entry["target"] for entry in json.loads(file.read_text())["queue"]] if file.exists() else []


def built(runs: Iterable[Run]) -> Counter[str]:
    """How often each build ID was built, by the events that the runs kept."""
    events = (event for run in runs for event in _events(run))
    return Counter(event["build_id"] for event in events if event["event"] == "finished" and event["result"] == "built")


def staged(address: str, arches: Iterable[str]) -> frozenset[str]:
    """The build IDs in staging."""
    found = (tag for arch in arches for tag in _tags(address, f"{STAGING}/staging-{arch}"))
    return frozenset(tag for tag in found if _BUILD_ID.fullmatch(tag))


def shared(address: str) -> dict[str, tuple[str, ...]]:
    """The shared tags with the platforms of their indexes, asked of the registry."""
    indexes = {tag: manifest(address, SHARED, tag)[1] for tag in sorted(_tags(address, SHARED))}
    return {
        tag: tuple(_platform(entry["platform"]) for entry in index["manifests"] if _is_image(entry))
        for tag, index in indexes.items()
        if not tag.startswith("_")
    }


def spans(runs: Iterable[Run], seen: Iterable[Seen], *, offset: float) -> tuple[Span, ...]:
    """The timeline: jobs, builds within them, and each move of a public tag as the registry saw it.

    `offset` makes seconds since 1970 of the times of `seen`.
    """
    known = [run for run in runs if run.agent]
    jobs = (Span(run.agent, "-", run.began, run.ended) for run in known)
    return (*jobs, *(span for run in known for span in _built(run)), *_moves(known, seen, offset))


def _built(run: Run) -> Iterator[Span]:
    started: dict[str, float] = {}
    for event in _events(run):
        at = dt.datetime.fromisoformat(event["time"]).timestamp()
        if event["event"] == "started":
            started[event["build_id"]] = at
        elif event["event"] == "finished" and event["build_id"] in started:
            yield Span(run.agent, "#", started[event["build_id"]], at, event["arch"])


def _moves(runs: Sequence[Run], seen: Iterable[Seen], offset: float) -> Iterator[Span]:
    for each in seen:
        repository, _, tag = each.path.removeprefix("/v2/").partition("/manifests/")
        namespace, _, image = repository.partition("/")
        is_move = (each.method, each.status, image) == ("PUT", 201, IMAGE) and ":" not in tag
        if is_move and not tag.startswith("_"):
            sign, job = ("S", "publish") if repository == SHARED else ("A", f"{_arch(namespace)}/")
            at = each.at + offset
            then = (run.agent for run in runs if run.job.startswith(job) and run.began <= at <= run.ended)
            yield from (mark(agent, sign, at) for agent in [*then][:1])


def _arch(namespace: str) -> str:
    return namespace if namespace in ARCHES else "windows-amd64"


def _is_image(entry: Mapping[str, Any]) -> bool:
    """Attestations stand beside the images."""
    return bool(entry["platform"]["os"] != "unknown")


def _platform(platform: Mapping[str, str]) -> str:
    return "/".join(filter(None, map(platform.get, ("os", "architecture", "variant", "os.version"))))


def _events(run: Run) -> list[dict[str, Any]]:
    file = run.kept / "out" / "events.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def _tags(address: str, repository: str) -> list[str]:
    """Its tags; a repository that is not there has none."""
    try:
        with urllib.request.urlopen(f"http://{address}/v2/{repository}/tags/list", timeout=30) as response:
            return list(json.load(response)["tags"])
    except urllib.error.HTTPError as error:
        with error:
            if error.code == _NOT_FOUND:
                return []
            raise
