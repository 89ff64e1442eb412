"""Random trials of publishing: up to three faults, and an end that may come early; each is named by its seed."""

import asyncio
import random
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from orchestrator.errors import ExitCode
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.faults.family import Family
from tests.faults.scene import Scene
from tests.pushing import IMPATIENT

POLICY = replace(IMPATIENT, answer_seconds=0.3)

_ARCHES = ("amd64", "arm32v7", "arm64v8", "s390x")
_MOST_FAULTS = 3
_MOST_REQUESTS = 150
_POLL_SECONDS = 0.001
_PLACES: tuple[tuple[str, str], ...] = (
    ("GET", "/manifests/"),
    ("GET", "/staging/"),
    ("GET|HEAD", "/blobs/"),
    ("PUT", "/manifests/"),
    ("PUT", "/manifests/(?!sha256)"),
    ("PUT", "/library/"),
    ("POST|PUT", "/blobs/"),
    (".*", ""),
)
_FAULTS: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (400, 401, 403, 404, 405, 409, 412, 413, 429, 500, 502, 503, 504)),
    {"status": 429, "headers": {"Retry-After": "0"}},
    {"status": 307, "headers": {"Location": "/elsewhere"}},
    {"status": 200, "body": "<html>a page</html>", "headers": {"Content-Type": "text/html"}},
    {"status": 201, "body": ""},
    {"set_headers": {"Docker-Content-Digest": f"sha256:{'0' * 64}"}},
    {"reset": True},
    {"reset_after": True},
    {"hang": True},
    {"hang_after": True},
    {"delay": 0.05},
    {"cut_request": 30},
    {"truncate": 20},
    {"corrupt": 9},
    {"stale": 3},
    {"absent": 3},
    {"absent": 1_000},
)
_HOW_OFTEN: tuple[dict[str, Any], ...] = (
    {"times": 1},
    {"times": 2},
    {"times": 4},
    {"chance": 0.2},
    {"chance": 0.6},
    {},
)


class End(Enum):
    """How a trial's first run ends."""

    BY_ITSELF = "by itself"
    INTERRUPTED = "interrupted"
    """As by Ctrl-C: it may still tidy up."""
    KILLED = "killed"
    """Nothing of it reaches the registry any more."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What goes wrong."""

    arches: tuple[str, ...]
    faults: tuple[Rule, ...]
    end: End
    at: int
    """After so many requests, where it does not end by itself."""
    keep_alive: bool


def trial(seed: int) -> Trial:
    """The trial of a seed."""
    chance = random.Random(seed)
    return Trial(
        arches=_ARCHES[: chance.randint(1, len(_ARCHES))],
        faults=tuple(_fault(chance) for _ in range(chance.randint(1, _MOST_FAULTS))),
        end=chance.choice(list(End)),
        at=chance.randrange(_MOST_REQUESTS),
        keep_alive=chance.random() < 1 / 3,
    )


def _fault(chance: random.Random) -> Rule:
    method, path = chance.choice(_PLACES)
    skip = chance.choice((0, chance.randrange(_MOST_REQUESTS // 5)))
    return Rule(method=method, path=path, skip=skip, **chance.choice(_FAULTS), **chance.choice(_HOW_OFTEN))


async def problems(trial: Trial, family: Family, proxy: FaultProxy) -> list[str]:
    """What is wrong after a trial: a broken tag, a false success, a run without faults that does not complete it."""
    scene = await Scene.prepared(replace(family, arches=trial.arches), proxy)
    scene.keep_alive = trial.keep_alive
    scene.proxy.seen.clear()
    ended = await _ended(trial, scene)
    is_false = ended is ExitCode.DONE and await scene.family.live() != scene.new
    return [*(["it says that it is done, and is not"] if is_false else []), *await scene.problems()]


async def _ended(trial: Trial, scene: Scene) -> ExitCode | None:
    """How the first run ended; None where it did not come to its end."""
    running = asyncio.create_task(scene.publish(trial.faults, policy=POLICY))
    if trial.end is not End.BY_ITSELF:
        while not running.done() and len(scene.proxy.seen) < trial.at:  # noqa: ASYNC110  # a proxy tells nobody
            await asyncio.sleep(_POLL_SECONDS)
        if trial.end is End.KILLED:
            scene.proxy.rules = [Rule(reset=True)]
        running.cancel()
    [ended] = await asyncio.gather(running, return_exceptions=True)
    if isinstance(ended, asyncio.CancelledError):
        return None
    if isinstance(ended, BaseException):
        raise ended
    return ended
