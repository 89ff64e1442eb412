"""What failed is remembered in the registry and waits; it keeps nothing else from being built."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello

pytestmark = pytest.mark.e2e

SLIM = "2.0/slim-trixie@amd64"
TRIXIE = "2.0/trixie@amd64"
LAST_LINE = 'CMD ["hello"]'


def queue(family: Hello, *words: str) -> Any:
    """The queue of amd64, its exit code checked against its document's."""
    finished = family.run("queue", "--arch", "amd64", "--format", "json", *words, check=False)
    document = json.loads(finished.stdout)
    assert finished.returncode == document["exit_code"]
    return document


def fates(document: Any) -> dict[str, list[tuple[str, int]]]:
    """Which builds are due and which wait, each with the number of its failures."""
    return {part: [(each["target"], each["failures"]) for each in document[part]] for part in ("queue", "waiting")}


def remembered(family: Hello) -> Any:
    """What the registry itself says."""
    _, manifest = family.manifest(f"staging/{family.name}/staging-amd64", f"_queue-{family.name}")
    return json.loads(manifest["annotations"]["dev.orchestrator.queue"])["builds"] if manifest else None


def test_a_build_that_fails_waits_until_its_inputs_change_or_its_time_comes(hello: NewHello) -> None:
    family: Hello = hello(variants=("slim-trixie", "trixie"))
    family.edit(LAST_LINE, "RUN false")
    assert fates(queue(family)) == {"queue": [(SLIM, 0), (TRIXIE, 0)], "waiting": []}

    assert family.run("build", environment={"BUILD_URL": "http://ci.example/job/7/"}, check=False).returncode == 10
    once = queue(family)
    assert fates(once) == {"queue": [(SLIM, 1)], "waiting": []}
    assert family.run("build", environment={"BUILD_URL": ""}, check=False).returncode == 10
    twice = queue(family)

    [first], [second] = once["queue"], twice["waiting"]
    assert (fates(twice), twice["exit_code"]) == ({"queue": [], "waiting": [(SLIM, 2)]}, 12)
    assert (first["failing"]["log"], second["failing"]["log"]) == (
        "http://ci.example/job/7/",
        f"out/logs/{SLIM}.log",
    )
    assert "exit code: 1" in second["failing"]["cause"]
    assert second["failing"]["since"] == first["failing"]["since"] < second["failing"]["last"]
    assert "0 to build now, 1 waiting\n" in family.run("queue", check=False).stdout

    family.edit("RUN false", LAST_LINE)
    mended = queue(family)
    assert (fates(mended), len(remembered(family))) == ({"queue": [(SLIM, 0)], "waiting": []}, 1)
    family.run(*mended["queue"][0]["command"][1:])

    assert (fates(queue(family)), remembered(family)) == ({"queue": [], "waiting": []}, {})
    assert family.manifest(f"amd64/{family.name}", "slim-trixie")[0]


def test_what_never_failed_leaves_no_memory(hello: NewHello) -> None:
    family: Hello = hello()

    family.run("build")

    assert remembered(family) is None


def test_two_runs_at_once_are_both_remembered(hello: NewHello) -> None:
    family: Hello = hello(variants=("slim-trixie", "trixie"))
    family.test_by({"name": "greets", "command": ["hello"], "stdout": "good evening"})

    runs = [family.start("build", target) for target in (SLIM, TRIXIE)]

    ends = [(run.communicate(timeout=300)[1], run.returncode) for run in runs]
    assert [code for _, code in ends] == [11, 11], ends
    assert fates(queue(family)) == {"queue": [(SLIM, 1), (TRIXIE, 1)], "waiting": []}
    assert {each["exit_code"] for each in remembered(family).values()} == {11}


def test_only_so_many_are_shown_as_are_asked_for(hello: NewHello) -> None:
    family: Hello = hello(variants=("slim-trixie", "trixie"))

    shown = queue(family, "--limit", "1")

    assert (fates(shown)["queue"], shown["left_out"]) == ([(SLIM, 0)], 1)
