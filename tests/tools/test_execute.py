"""Builds carried out with a builder, registry and engine that are made up."""

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.config import Config, SmokeTest
from orchestrator.model.config.builders import Builder
from orchestrator.model.oci import digest_of
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan import Build
from orchestrator.model.platforms import ARCHES
from orchestrator.model.slots import slots
from orchestrator.tools import buildx
from orchestrator.tools.acceptance import Acceptance
from orchestrator.tools.attempts import Patience
from orchestrator.tools.builders import ReadyBuilder, Tester, Untested, results
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.execute import Executor
from orchestrator.tools.scratch import scratch
from tests.fakes import FakeBuildx, FakeDisplay, FakeDocker, FakeRegistry
from tests.samples import MadeLayout, build, child, image_entry, index_document, layout, program, tar, write_context

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
HOST = "unix:///run/docker.sock"
STARTED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
RUNS = SmokeTest(name="runs", command=("tool",))

BROKEN_RUN = json.dumps(
    {
        "vertexes": [
            {
                "digest": "sha256:1",
                "name": "[linux/s390x 2/2] RUN tool",
                "started": "2026-01-01T00:00:00Z",
                "completed": "2026-01-01T00:00:01Z",
                "error": 'process "/bin/sh -c tool" did not complete successfully: exit code: 7',
            }
        ],
        "logs": [{"vertex": "sha256:1", "data": "dG9vbDogbm8gc3VjaCBvcHRpb24K"}],
    }
)


LOST = "ERROR: error reading from server: EOF\n"


class House:
    """An image's folder and all that its builds run on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runner = FakeBuildx()
        self.registry = FakeRegistry()
        self.docker = FakeDocker()
        self.display = FakeDisplay()
        self.tests: list[SmokeTest] = [RUNS]
        self.slept: list[float] = []
        self.patience = Patience(sleep=self.sleep)
        self.config = Config(image="tool")
        self.testers: dict[str, Tester] = dict.fromkeys(ARCHES, self.docker.connect)
        self.pushes = False

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def builder(self) -> ReadyBuilder:
        return ReadyBuilder(
            key="default",
            where=f"the engine at {HOST}",
            address=HOST,
            name="default",
            runs=Capabilities(native=frozenset({"amd64"}), emulated=frozenset({"s390x"})),
            solve=partial(buildx.solve, runner=self.runner, env={"DOCKER_HOST": HOST}),
            made=results.sent if self.pushes else results.left,
            testers=self.testers,
            pushes=self.pushes,
        )

    async def run(self, *builds: Build, jobs: int = 2, fail_fast: bool = False) -> tuple[Outcome, ...]:
        write_context(self.root, *builds)
        free = slots([each.target for each in builds], self.config, jobs=jobs, processors=8)
        with scratch(self.root / "out" / "tmp") as passing:
            executor = Executor(
                root=self.root,
                out=self.root / "out",
                passing=passing,
                builders={each.target: self.builder for each in builds},
                acceptance=Acceptance(self.registry, self.tests),
                epochs={str(each.directory): 315_532_800 for each in builds},
                sources={},
                display=self.display,
                now=lambda: STARTED,
                patience=self.patience,
            )
            return await executor.run(builds, slots=free, fail_fast=fail_fast)

    def record(self, build: Build) -> Any:
        path = self.root / "out" / "builds" / build.target.arch / f"{build.build_id}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    @property
    def left(self) -> list[Path]:
        """What is left of passing files."""
        return list((self.root / "out" / "tmp").iterdir())

    def staged(self, *builds: Build) -> list[bool]:
        return [str(each.staging) in self.registry.documents for each in builds]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def fates(outcomes: Sequence[Outcome]) -> list[tuple[Result, ExitCode]]:
    return [(outcome.result, outcome.code) for outcome in outcomes]


async def test_a_build_is_checked_pushed_tested_and_then_named(house: House) -> None:
    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.code, outcome.detail) == (Result.BUILT, ExitCode.DONE, "")
    assert outcome.digest == house.registry.documents[str(AMD64.staging)].digest
    assert house.registry.written[-2:] == [str(AMD64.staging), str(AMD64.pointer)]
    assert [word for _, word in house.display.seen] == ["started", "checking", "pushing", "pushed", "testing", "built"]
    assert (house.left, house.staged(AMD64)) == ([], [True])


async def test_the_record_says_what_became_of_the_build(house: House) -> None:
    [outcome] = await house.run(AMD64)

    record = house.record(AMD64)
    expected = {
        "target": "2.0/trixie@amd64",
        "result": "built",
        "exit_code": 0,
        "digest": outcome.digest,
        "image_digest": outcome.image_digest,
        "started": "2026-01-01T00:00:00+00:00",
        "builder": {"name": "default", "address": HOST},
        "log": "logs/2.0/trixie@amd64.log",
    }
    assert {key: record[key] for key in expected} == expected
    assert [test["name"] for test in record["tests"]] == ["runs"]


async def test_each_build_has_a_configuration_of_buildx_of_its_own(house: House) -> None:
    await house.run(AMD64, S390X)

    folders = {environment["BUILDX_CONFIG"] for environment in house.runner.environments}
    assert (len(folders), {environment["DOCKER_HOST"] for environment in house.runner.environments}) == (2, {HOST})


async def test_a_failed_build_is_a_value_and_the_others_go_on(house: House) -> None:
    house.runner.says = {"linux/s390x": f"{BROKEN_RUN}\nDockerfile:3\n"}

    failed, built = await house.run(S390X, AMD64, jobs=1)

    assert fates([failed, built]) == [(Result.FAILED, ExitCode.BUILD_FAILED), (Result.BUILT, ExitCode.DONE)]
    assert failed.detail == "2/2 RUN tool: exit code: 7"
    assert failed.place == "dockerfiles/2.0/trixie/Dockerfile:3"
    assert "tool: no such option" in failed.tail
    assert (house.record(S390X)["exit_code"], house.record(S390X)["detail"]) == (10, failed.detail)
    assert "tool: no such option\n" in (house.root / "out" / failed.log).read_text(encoding="utf-8")
    assert (house.staged(S390X, AMD64), house.left) == ([False, True], [])


async def test_a_run_that_failed_is_not_tried_again(house: House) -> None:
    house.runner.fails = {"linux/s390x": [BROKEN_RUN]}

    [outcome] = await house.run(S390X)

    assert (outcome.code, outcome.attempts, house.slept) == (ExitCode.BUILD_FAILED, 1, [])
    assert house.record(S390X)["attempts"] == 1


async def test_what_a_broken_cache_spoilt_is_tried_again_without_it(house: House) -> None:
    spoilt = "ERROR: failed to commit aa to bb during finalize: snapshot aa does not exist: not found\n"
    house.runner.fails = {"linux/amd64": [LOST, spoilt]}

    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.attempts) == (Result.BUILT, 3)
    assert ["--no-cache" in command for command in house.runner.asked] == [False, False, True]


async def test_a_lost_builder_is_asked_again_with_a_clean_scratch(house: House) -> None:
    house.runner.fails = {"linux/amd64": [LOST, LOST]}
    found: list[list[str]] = []

    def look(root: Path) -> None:
        found.append(sorted(path.name for path in root.parent.iterdir()))
        layout(root, "amd64")

    house.runner.builds = {"linux/amd64": look}

    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.attempts, outcome.detail) == (Result.BUILT, 3, "")
    assert [5 <= house.slept[0] <= 6.25, 30 <= house.slept[1] <= 37.5] == [True, True]
    assert found == [["context"]]
    assert [word for _, word in house.display.seen if word.startswith("attempt")] == [
        "attempt 2: error reading from server: EOF",
        "attempt 3: error reading from server: EOF",
    ]
    assert house.record(AMD64)["attempts"] == 3
    assert (house.root / "out" / outcome.log).read_text(encoding="utf-8") == (
        "ERROR: error reading from server: EOF\n> attempt 2\nERROR: error reading from server: EOF\n> attempt 3\n"
    )


async def test_a_builder_that_stays_lost_is_given_up(house: House) -> None:
    house.runner.says = {"linux/amd64": LOST}

    [outcome] = await house.run(AMD64)

    assert (outcome.code, outcome.attempts) == (ExitCode.UNAVAILABLE, 3)
    assert outcome.detail == "error reading from server: EOF (tried 3 times)"


async def test_builds_that_fail_together_share_what_a_run_may_repeat(house: House) -> None:
    house.runner.says = {"linux/amd64": LOST, "linux/s390x": LOST}
    house.patience = replace(house.patience, repeats=3)

    outcomes = await house.run(AMD64, S390X)

    assert sum(outcome.attempts for outcome in outcomes) == 5


@pytest.mark.parametrize(("one", "attempts"), [(S390X, 2), (AMD64, 1)])
async def test_only_where_it_was_emulated_a_crash_is_tried_again(house: House, one: Build, attempts: int) -> None:
    house.runner.says = {str(one.target.platform): BROKEN_RUN.replace("exit code: 7", "exit code: 139")}

    [outcome] = await house.run(one)

    assert (outcome.code, outcome.attempts, "emulated" in outcome.detail) == (
        ExitCode.BUILD_FAILED,
        attempts,
        attempts == 2,
    )


async def test_a_build_that_takes_too_long_is_ended_in_any_phase(house: House) -> None:
    house.docker.hangs = True
    house.patience = replace(house.patience, total_seconds=0.2)

    [outcome] = await house.run(AMD64)

    assert (outcome.code, outcome.detail) == (
        ExitCode.BUILD_FAILED,
        "no end after 0.2 s; if it needs longer, allow that by --timeout",
    )
    assert (house.docker.removed.is_set(), house.staged(AMD64), house.left) == (True, [False], [])


async def test_a_builder_runs_no_more_builds_than_it_may(house: House) -> None:
    house.runner.seconds = 0.02
    house.config = Config(image="tool", builders={"default": Builder(jobs=2), "s390x": Builder(jobs=1)})
    names = [f"{line}/{variant}" for line in ("1.0", "2.0") for variant in ("trixie", "slim-trixie")]

    await house.run(*(build(f"{name}@{arch}") for name in names for arch in ("s390x", "amd64")), jobs=8)

    assert house.runner.most_by_platform == {"linux/amd64": 2, "linux/s390x": 1}


async def test_nothing_new_is_started_after_the_first_failure_when_it_is_to_be_fast(house: House) -> None:
    house.runner.says = {"linux/s390x": BROKEN_RUN}

    outcomes = await house.run(S390X, AMD64, jobs=1, fail_fast=True)

    assert fates(outcomes) == [(Result.FAILED, ExitCode.BUILD_FAILED), (Result.NOT_RUN, ExitCode.INCOMPLETE)]
    assert (house.record(AMD64)["result"], house.display.seen[-1]) == ("not run", (str(AMD64.target), "not run"))
    assert len(house.runner.asked) == 1


@pytest.mark.parametrize("jobs", [1, 2, 3])
async def test_no_more_builds_run_at_once_than_allowed(house: House, jobs: int) -> None:
    house.runner.seconds = 0.02
    names = [f"{line}/{variant}@amd64" for line in ("1.0", "2.0", "3.0") for variant in ("trixie", "slim-trixie")]

    await house.run(*map(build, names), jobs=jobs)

    assert house.runner.most_at_once == jobs


async def test_a_smoke_test_that_fails_leaves_no_build_id(house: House) -> None:
    house.docker.prints = {"tool": (3, b"")}

    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.code) == (Result.FAILED, ExitCode.TEST_FAILED)
    assert outcome.detail == "smoke test runs: exit status 3, expected 0: said on stderr"
    assert (house.staged(AMD64), house.record(AMD64)["tests"][0]["problem"]) == (
        [False],
        "exit status 3, expected 0: said on stderr",
    )


def _two_images(root: Path) -> None:
    made = MadeLayout(root)
    made.image("amd64", tar({}))
    made.image("s390x", tar({}))
    made.close()


@pytest.mark.parametrize(
    ("leave", "expected"),
    [
        (_two_images, "left 2 of what should be one image"),
        (lambda root: layout(root, "s390x"), "the builder made an image for linux/s390x, expected linux/amd64"),
        (lambda root: layout(root, "amd64", tar({"bin/tool": program("s390x")})), "holds programs for s390x"),
        (lambda root: root.mkdir(), "index.json: No such file or directory"),
    ],
)
async def test_nothing_that_the_builder_got_wrong_is_pushed(
    house: House, leave: Callable[[Path], object], expected: str
) -> None:
    house.runner.builds = {"linux/amd64": leave}

    [outcome] = await house.run(AMD64)

    assert (outcome.code, expected in outcome.detail) == (ExitCode.CONTRACT_BROKEN, True)
    assert (house.registry.uploaded, house.registry.written, house.left) == ([], [], [])


async def test_a_registry_that_fails_is_the_outcome_of_its_build_alone(house: House) -> None:
    house.registry.failing[str(S390X.staging)] = UnavailableError("registry.example: 503")

    outcomes = await house.run(S390X, AMD64)

    assert fates(outcomes) == [(Result.FAILED, ExitCode.UNAVAILABLE), (Result.BUILT, ExitCode.DONE)]
    assert outcomes[0].detail == "registry.example: 503"


async def test_a_build_that_another_run_staged_first_is_theirs(house: House) -> None:
    theirs = index_document(image_entry("linux/amd64"))
    house.registry.documents[str(AMD64.staging)] = theirs

    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.digest, outcome.image_digest) == (
        Result.BUILT,
        theirs.digest,
        digest_of(b"linux/amd64"),
    )


async def test_a_context_that_changed_after_planning_is_not_built(house: House) -> None:
    changed = replace(AMD64, inputs=replace(AMD64.inputs, files={"motd": "a" * 64}))

    [outcome] = await house.run(changed)

    assert (outcome.code, outcome.detail) == (
        ExitCode.INPUT,
        "motd: changed while the build was being prepared; run it again",
    )
    assert house.runner.asked == []


async def test_a_record_that_cannot_be_written_is_told_though_the_build_is_staged(house: House) -> None:
    (house.root / "out").mkdir()
    (house.root / "out" / "builds").touch()

    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.code, house.staged(AMD64)) == (Result.BUILT, ExitCode.LOCAL_OUTPUT, [True])
    assert "out/builds" in outcome.detail


async def test_cancelling_leaves_nothing_behind(house: House) -> None:
    house.runner.seconds = 60
    running = asyncio.create_task(house.run(AMD64, S390X))
    async with asyncio.timeout(5):
        while house.runner.at_once < 2:  # noqa: ASYNC110  the builder is only a fake
            await asyncio.sleep(0.01)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert (house.left, house.registry.written, house.runner.at_once) == ([], [], 0)
    assert [house.record(each)["result"] for each in (AMD64, S390X)] == ["interrupted", "interrupted"]
    assert set(house.display.seen[-2:]) == {(str(each.target), "interrupted") for each in (AMD64, S390X)}


async def test_where_no_engine_can_test_an_image_that_is_told_and_recorded(house: House) -> None:
    house.testers["amd64"] = Untested("no engine answers")

    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.code, outcome.tests) == (Result.BUILT, ExitCode.DONE, ())
    assert (outcome.untested, house.record(AMD64)["untested"]) == ("no engine answers", "no engine answers")
    assert [word for _, word in house.display.seen] == ["started", "checking", "pushing", "pushed", "built"]
    assert (house.staged(AMD64), house.docker.calls) == ([True], [])


async def test_without_tests_nothing_is_untested(house: House) -> None:
    house.tests = []
    house.testers["amd64"] = Untested("no engine answers")

    [outcome] = await house.run(AMD64)

    assert (outcome.untested, house.record(AMD64)["untested"]) == ("", None)


async def test_without_tests_the_engine_is_not_asked(house: House) -> None:
    house.tests = []

    [outcome] = await house.run(AMD64)

    assert (outcome.result, outcome.tests, house.docker.calls) == (Result.BUILT, (), [])


CHILD = child("2.0/slim-trixie@amd64", AMD64)
GRANDCHILD = child("2.0/alpine3.24@amd64", CHILD)


def contexts_of(command: Sequence[str]) -> list[str]:
    """What a build is told to take in the place of its images."""
    return [value for option, value in pairwise(command) if option == "--build-context"]


@pytest.mark.parametrize("order", [(AMD64, CHILD), (CHILD, AMD64)])
async def test_a_build_waits_for_its_parent_without_a_slot_and_stands_on_what_was_staged(
    house: House, order: tuple[Build, ...]
) -> None:
    async with asyncio.timeout(5):
        outcomes = {outcome.target: outcome for outcome in await house.run(*order, jobs=1)}

    parent, needy = outcomes[str(AMD64.target)], outcomes[str(CHILD.target)]
    assert fates([parent, needy]) == [(Result.BUILT, ExitCode.DONE)] * 2
    place = AMD64.staging.pinned(parent.digest)
    assert contexts_of(house.runner.asked[1]) == [f"tool:2.0=docker-image://{place}"]
    assert house.record(CHILD)["bases"] == [{"name": "tool:2.0", "digest": parent.digest}]


async def test_a_parent_that_is_up_to_date_is_taken_as_the_plan_found_it(house: House) -> None:
    staged = replace(AMD64, staged=digest_of(b"staged"))
    needy = child("2.0/slim-trixie@amd64", staged)

    [outcome] = await house.run(needy)

    assert outcome.result is Result.BUILT
    assert contexts_of(house.runner.asked[0]) == [f"tool:2.0=docker-image://{AMD64.staging.pinned(staged.staged)}"]
    assert not [reference for reference in house.registry.asked if AMD64.build_id in reference]


async def test_what_stands_on_a_failed_build_is_blocked_by_it_and_the_others_go_on(house: House) -> None:
    house.runner.fails = {"linux/amd64": [BROKEN_RUN]}

    outcomes = await house.run(AMD64, CHILD, GRANDCHILD, S390X)

    assert fates(outcomes) == [
        (Result.FAILED, ExitCode.BUILD_FAILED),
        (Result.BLOCKED, ExitCode.INCOMPLETE),
        (Result.BLOCKED, ExitCode.INCOMPLETE),
        (Result.BUILT, ExitCode.DONE),
    ]
    assert {outcome.detail for outcome in outcomes[1:3]} == {"blocked by 2.0/trixie@amd64: failed"}
    record = house.record(GRANDCHILD)
    assert (record["result"], record["exit_code"], record["detail"]) == ("blocked", 12, outcomes[2].detail)
    assert [target for target, word in house.display.seen if word == "blocked"] == [
        str(CHILD.target),
        str(GRANDCHILD.target),
    ]
    assert (len(house.runner.asked), house.left) == (2, [])


async def test_a_run_that_is_to_be_fast_tells_what_was_blocked_from_what_was_not_tried(house: House) -> None:
    house.runner.fails = {"linux/amd64": [BROKEN_RUN]}

    outcomes = await house.run(AMD64, CHILD, S390X, jobs=1, fail_fast=True)

    assert [outcome.result for outcome in outcomes] == [Result.FAILED, Result.BLOCKED, Result.NOT_RUN]


async def test_cancelling_ends_what_waits_for_a_parent_too(house: House) -> None:
    house.runner.seconds = 60
    running = asyncio.create_task(house.run(AMD64, CHILD))
    async with asyncio.timeout(5):
        while house.runner.at_once < 1:  # noqa: ASYNC110  the builder is only a fake
            await asyncio.sleep(0.01)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert (house.left, house.registry.written, len(house.runner.asked)) == ([], [], 1)
    assert [word for target, word in house.display.seen if target == str(CHILD.target)] == []
