import json
from pathlib import Path

import pytest

from orchestrator.commands.build import Done, command, document, text
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan import Build, Plan
from orchestrator.model.publication import Move, Moved, Publication
from orchestrator.model.references import Reference
from tests.commands.image import image, run
from tests.samples import build

AMD64, S390X, ARM = (build(f"2.0/trixie@{arch}") for arch in ("amd64", "s390x", "arm32v7"))
PLAN = Plan((AMD64, S390X, ARM))


def outcome(each: Build, result: Result, code: ExitCode = ExitCode.DONE, detail: str = "") -> Outcome:
    digest = "sha256:" + "a" * 64 if result in (Result.BUILT, Result.UP_TO_DATE) else ""
    return Outcome(str(each.target), each.target.arch, each.build_id, result, code, detail, digest=digest)


UP_TO_DATE = outcome(AMD64, Result.UP_TO_DATE)
FAILED = outcome(S390X, Result.FAILED, ExitCode.BUILD_FAILED, "2/2 RUN tool: exit code: 7")
NOT_RUN = outcome(ARM, Result.NOT_RUN, ExitCode.INCOMPLETE, "another build failed")


def moved(move: Move, code: ExitCode) -> Moved:
    tag = Reference.parse("registry.example/amd64/tool:2.0")
    return Moved(Publication(tag, (), (), (), frozenset()), move, code=code)


@pytest.mark.parametrize("arguments", [["--force"], ["--reason", "packages are old"]])
def test_building_again_needs_a_reason(tmp_path: Path, arguments: list[str]) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--force and --reason go together")


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (Done(PLAN), ExitCode.DONE),
        (Done(PLAN, (UP_TO_DATE,)), ExitCode.DONE),
        (Done(PLAN, (UP_TO_DATE, NOT_RUN, FAILED)), ExitCode.BUILD_FAILED),
        (Done(PLAN, (UP_TO_DATE,), (moved(Move.HELD, ExitCode.INCOMPLETE),)), ExitCode.INCOMPLETE),
        (Done(PLAN, (FAILED,), (moved(Move.HELD, ExitCode.INCOMPLETE),)), ExitCode.BUILD_FAILED),
        (Done(PLAN, (FAILED,), (moved(Move.REFUSED, ExitCode.PUBLISH_REFUSED),)), ExitCode.PUBLISH_REFUSED),
    ],
)
def test_the_worst_outcome_decides(done: Done, expected: ExitCode) -> None:
    assert done.code is expected


def test_where_nothing_had_to_run_one_line_says_so() -> None:
    assert text(Done(PLAN, (UP_TO_DATE, UP_TO_DATE)), dry_run=False) == "nothing to do: 2 builds are up to date\n"


def test_what_is_up_to_date_is_counted_and_what_failed_is_told_with_its_command() -> None:
    said = text(Done(PLAN, (UP_TO_DATE, FAILED, NOT_RUN)), dry_run=False)

    assert said == (
        "TARGET              RESULT   DIGEST  SIZE  TIME  CACHED\n"
        "2.0/trixie@s390x    failed   -       -     -     -\n"
        "2.0/trixie@arm32v7  not run  -       -     -     -\n"
        "builds: 1 failed, 1 not run, 1 up to date\n"
        "\n"
        "2.0/trixie@s390x: 2/2 RUN tool: exit code: 7\n"
        f"  repeat it with: {S390X.make_command}\n"
    )


def test_tags_and_loaded_names_come_last() -> None:
    said = text(
        Done(PLAN, (UP_TO_DATE,), (moved(Move.UNCHANGED, ExitCode.DONE),), ("tool:2.0", "tool:2")), dry_run=False
    )

    assert said == ("nothing to do: 1 builds are up to date\n\ntags: 1 unchanged\n\nloaded tool:2.0\nloaded tool:2\n")


def test_a_dry_run_shows_the_plan() -> None:
    assert text(Done(PLAN), dry_run=True).splitlines()[-1] == "3 needed"


def test_json_carries_the_exit_code_the_plan_and_every_outcome() -> None:
    found = json.loads(json.dumps(document(Done(PLAN, (UP_TO_DATE, FAILED), loaded=("tool:2.0",)))))

    assert (found["schema"], found["exit_code"], found["loaded"], found["tags"]) == (1, 10, ["tool:2.0"], [])
    assert [(each["target"], each["result"], each["code"]) for each in found["builds"]] == [
        ("2.0/trixie@amd64", "up to date", 0),
        ("2.0/trixie@s390x", "failed", 10),
    ]
    assert [entry["target"] for entry in found["plan"]] == [str(each.target) for each in PLAN.builds]


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator build --variant alpine" in run(command, tmp_path, "--help").output
