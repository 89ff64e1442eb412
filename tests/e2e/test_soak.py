"""Runs that are killed at random moments, again and again, until one comes to its end.

`make soak N=20` makes more rounds than the few of every run; a round is named by its seed.
"""

import json
import os
import random
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello

pytestmark = pytest.mark.e2e

_LINES = 10
_BUILDS = 2 * _LINES
_EVENTS = 9 * _BUILDS
"""About as many as a whole run tells."""
_KILLS = 3
_PATIENCE_SECONDS = 300.0
_SETTLING_SECONDS = 0.5
_SEED = int(os.environ.get("SOAK_SEED", "1"))
_ROUNDS = int(os.environ.get("SOAK_ROUNDS", "2"))


@pytest.mark.parametrize("seed", range(_SEED, _SEED + _ROUNDS))
def test_however_often_the_tool_is_killed_nothing_staged_is_built_again(hello: NewHello, seed: int) -> None:
    family = _family_of_many(hello())
    moments = random.Random(seed)
    staged: dict[str, str] = {}
    built: Counter[str] = Counter()

    for _ in range(_KILLS):
        _build_and_kill(family, after=moments.randrange(_EVENTS))
        assert _started(family) & staged.keys() == set()
        built += _built(family)
        staged = _staged(family)
    family.run("build")

    assert _started(family) & staged.keys() == set()
    assert _staged(family).items() >= staged.items()
    assert set((built + _built(family)).values()) <= {1}
    assert sorted(_staged(family)) == sorted(build["build_id"] for build in family.document("plan.json")["builds"])
    assert (len(_staged(family)), family.left, family.processes, _strays(family)) == (_BUILDS, [], [], [])
    assert family.run("build").stdout == f"nothing to do: {_BUILDS} builds are up to date\n"


def _family_of_many(family: Hello) -> Hello:
    """Let the family have many small builds that no cache knows."""
    variants = ["trixie", "slim-trixie"]
    versions = {f"{line}.0": {"version": f"{line}.0.1", "variants": variants} for line in range(1, _LINES + 1)}
    (family.root / "versions.json").write_text(json.dumps(versions))
    family.configure("architectures", {"debian": ["amd64"], "slim": ["amd64"]})
    for template in ("debian.j2", "slim.j2"):
        family.edit('CMD ["hello"]', f'RUN : {secrets.token_hex(8)}\nCMD ["hello"]', template=template)
    return family


def _build_and_kill(family: Hello, *, after: int) -> None:
    """Build, and kill the tool alone when it has told so many events; it may have come to its end by then."""
    (family.root / "out" / "events.jsonl").unlink(missing_ok=True)
    # The table stays silent where there is no terminal, so that nobody has to read it.
    running = family.start("build", "--progress", "table")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while running.poll() is None and len(_events(family)) < after:
        if time.monotonic() > deadline:
            running.kill()
            pytest.fail(f"after {_PATIENCE_SECONDS:g} s it has told fewer than {after} events")
        time.sleep(0.02)
    running.kill()
    running.communicate(timeout=_PATIENCE_SECONDS)
    # What it had sent already still arrives.
    time.sleep(_SETTLING_SECONDS)


def _events(family: Hello) -> list[dict[str, Any]]:
    """What the last run told; it may have been killed before it told anything."""
    file = family.root / "out" / "events.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def _started(family: Hello) -> set[str]:
    """The build IDs of the builds that the last run began."""
    return {event["build_id"] for event in _events(family) if event["event"] == "started"}


def _built(family: Hello) -> Counter[str]:
    """The build IDs of the builds that the last run staged, as far as it could tell."""
    return Counter(event["build_id"] for event in _events(family) if event.get("result") == "built")


def _staged(family: Hello) -> dict[str, str]:
    """The digest of each build in staging."""
    place = f"staging/{family.name}/staging-amd64"
    return {build_id: family.manifest(place, build_id)[0] for build_id in family.staged("amd64")}


def _strays(family: Hello) -> list[Path]:
    """Files that a write which was broken off left behind."""
    return [path for path in family.root.rglob(".*") if path.is_file()]
