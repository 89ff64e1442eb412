import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.build_run import BuildRun
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan import Build, Plan
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.publication import Publication
from orchestrator.model.references import Reference
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


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (BuildRun(PLAN), ExitCode.DONE),
        (BuildRun(PLAN, (UP_TO_DATE,)), ExitCode.DONE),
        (BuildRun(PLAN, (UP_TO_DATE, NOT_RUN, FAILED)), ExitCode.BUILD_FAILED),
        (BuildRun(PLAN, (UP_TO_DATE,), (moved(Move.HELD, ExitCode.INCOMPLETE),)), ExitCode.INCOMPLETE),
        (BuildRun(PLAN, (FAILED,), (moved(Move.HELD, ExitCode.INCOMPLETE),)), ExitCode.BUILD_FAILED),
        (BuildRun(PLAN, (FAILED,), (moved(Move.REFUSED, ExitCode.PUBLISH_REFUSED),)), ExitCode.PUBLISH_REFUSED),
    ],
)
def test_the_worst_outcome_decides(run: BuildRun, expected: ExitCode) -> None:
    assert run.code is expected
