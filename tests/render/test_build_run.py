import json
from dataclasses import replace

from orchestrator.errors import ExitCode
from orchestrator.model.build_run import BuildRun
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan import Build, Plan
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.publication import Publication
from orchestrator.model.references import Reference
from orchestrator.render.build_run import build_run_document, build_run_text
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


def test_where_nothing_had_to_run_one_line_says_so() -> None:
    assert build_run_text(BuildRun(PLAN, (UP_TO_DATE, UP_TO_DATE))) == "nothing to do: 2 builds are up to date\n"


def test_what_is_up_to_date_is_counted_and_what_failed_is_told_with_its_command() -> None:
    said = build_run_text(BuildRun(PLAN, (UP_TO_DATE, FAILED, NOT_RUN)))

    assert said == (
        "TARGET              RESULT   DIGEST  SIZE  TIME  CACHED\n"
        "2.0/trixie@s390x    failed   -       -     -     -\n"
        "2.0/trixie@arm32v7  not run  -       -     -     -\n"
        "builds: 1 failed, 1 not run, 1 up to date\n"
        "\n"
        "2.0/trixie@s390x: 2/2 RUN tool: exit code: 7\n"
        f"  repeat it with: {S390X.make_command}\n"
    )


def test_images_without_smoke_tests_are_counted_by_the_reason() -> None:
    no_engine = replace(outcome(AMD64, Result.BUILT), untested="no engine answers")
    no_emulator = replace(outcome(S390X, Result.BUILT), untested="the engine runs no programs for s390x")
    other = replace(no_engine, target=str(ARM.target))

    said = build_run_text(BuildRun(PLAN, (no_engine, no_emulator, other)))

    assert said.splitlines()[-3:] == [
        "builds: 3 built",
        "smoke tests not run for 2: no engine answers",
        "smoke tests not run for 1: the engine runs no programs for s390x",
    ]


def test_tags_and_loaded_names_come_last() -> None:
    said = build_run_text(
        BuildRun(PLAN, (UP_TO_DATE,), (moved(Move.UNCHANGED, ExitCode.DONE),), ("tool:2.0", "tool:2"))
    )

    assert said == ("nothing to do: 1 build is up to date\n\ntags: 1 unchanged\n\nloaded tool:2.0\nloaded tool:2\n")


def test_results_that_cannot_be_written_are_told_behind_all_others() -> None:
    run = BuildRun(PLAN, (UP_TO_DATE, FAILED), unwritten=("out/junit.xml: no space left on device",))

    assert build_run_text(run).splitlines()[-2:] == ["", "not written: out/junit.xml: no space left on device"]
    assert (run.code, build_run_document(run)["unwritten"]) == (
        ExitCode.LOCAL_OUTPUT,
        ["out/junit.xml: no space left on device"],
    )


def test_a_dry_run_shows_the_plan() -> None:
    assert build_run_text(BuildRun(PLAN)).splitlines()[-1] == "3 needed"


def test_json_carries_the_exit_code_the_plan_and_every_outcome() -> None:
    found = json.loads(json.dumps(build_run_document(BuildRun(PLAN, (UP_TO_DATE, FAILED), loaded=("tool:2.0",)))))

    assert (found["schema"], found["exit_code"], found["loaded"], found["tags"]) == (1, 10, ["tool:2.0"], [])
    assert [(each["target"], each["result"], each["code"]) for each in found["builds"]] == [
        ("2.0/trixie@amd64", "up to date", 0),
        ("2.0/trixie@s390x", "failed", 10),
    ]
    assert [entry["target"] for entry in found["plan"]] == [str(each.target) for each in PLAN.builds]
