"""The small farm: two architectures by emulation and two releases of Windows, each on a machine of its own."""

import asyncio
import sys
from pathlib import Path

import pytest

from orchestrator.tools import servers
from orchestrator.tools.engine.private import mounts_below
from tests.farm.outcome import Outcome, queued
from tests.farm.story import SMALL, day
from tests.farm.timeline import Span, at_once

pytestmark = pytest.mark.e2e

LINUX = ("linux/arm64/v8", "linux/s390x")
WINDOWS = ("windows/amd64/10.0.26100.4061", "windows/amd64/10.0.20348.3692")
PLATFORMS = {
    (*LINUX, *WINDOWS): ("{version}", "latest"),
    LINUX: ("{version}-trixie", "trixie"),
    WINDOWS: ("{version}-windowsservercore", "windowsservercore"),
    WINDOWS[:1]: ("{version}-windowsservercore-ltsc2025", "windowsservercore-ltsc2025"),
    WINDOWS[1:]: ("{version}-windowsservercore-ltsc2022", "windowsservercore-ltsc2022"),
}
"""The platforms of shared tags, the newest Windows first; one tag each for the versions 2.0.1, 2.0 and 2."""
PROGRAMS = frozenset({"unshare", "sh", "git", "docker", "dockerd", "containerd", "containerd-shim-runc-v2"})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("f")


@pytest.fixture(scope="module")
def ended(root: Path, bases: str) -> Outcome:
    """A whole day, which every test looks at."""
    return asyncio.run(day(SMALL, root=root, registry=bases, say=print))


def of(ended: Outcome, *signs: str, machine: str = "") -> list[Span]:
    """Parts of the timeline in their order."""
    found = (span for span in ended.spans if span.sign in signs and machine in ("", span.machine))
    return sorted(found, key=lambda span: span.began)


def test_every_shared_tag_is_complete_and_verified(ended: Outcome) -> None:
    expected = {
        pattern.format(version=version): platforms
        for platforms, patterns in PLATFORMS.items()
        for pattern in patterns
        for version in ("2.0.1", "2.0", "2")
    }

    assert (ended.shared, ended.verified) == (expected, 0)


def test_nothing_is_built_twice_though_two_triggers_ask_for_it_at_once(ended: Outcome) -> None:
    # Two of Linux by either commit, and two of Windows.
    assert ended.built == dict.fromkeys(ended.staged, 1)
    assert len(ended.staged) == 6


def test_what_a_machine_died_over_is_built_by_its_successor(ended: Outcome) -> None:
    died = of(ended, "x")
    built = of(ended, "#", machine="s390x-2")

    assert [death.machine for death in died] == ["s390x-1"]
    assert len(built) == 2
    assert died[0].began < built[0].began


def test_an_old_checkout_moves_nothing(ended: Outcome) -> None:
    assert [(run.agent, run.codes, run.result) for run in ended.refused] == [("arm64v8-old", (21,), "FAILURE")]
    assert of(ended, "A", "#", machine="arm64v8-old") == []


def test_architectures_are_built_side_by_side_and_their_tags_do_not_wait_for_each_other(ended: Outcome) -> None:
    [death] = of(ended, "x")

    assert len(at_once(ended.spans)) > 1
    assert of(ended, "A")[0].began < of(ended, "#", machine="s390x-2")[0].ended
    assert of(ended, "S")[-1].began > death.began


def test_in_the_end_there_is_nothing_left_to_do_for_any_job(ended: Outcome) -> None:
    jobs = [*(f"{arch}/trigger" for arch in SMALL.all), "publish"]
    assert [(run.job, run.result, queued(run)) for run in ended.last] == [(job, "SUCCESS", []) for job in jobs]


def test_a_registry_that_turns_requests_away_fails_no_job(ended: Outcome) -> None:
    assert ended.throttled > 0
    assert ended.is_good


def test_no_machine_leaves_anything_running_or_mounted(ended: Outcome, root: Path) -> None:
    programs = PROGRAMS | {Path(sys.executable).name}
    assert servers.processes_of(root, programs) == ()
    assert mounts_below(root, Path("/proc/self/mounts").read_text()) == []
