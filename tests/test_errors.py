from collections.abc import Sequence

import pytest

from orchestrator import errors
from orchestrator.errors import (
    CommandError,
    ContractBrokenError,
    ExitCode,
    InputError,
    NotAuthorisedError,
    OrchestratorError,
    UnavailableError,
    joined,
    worst,
)


def test_the_exit_codes_are_a_contract() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0,
        "BUG": 1,
        "INPUT": 2,
        "NOTHING_SELECTED": 3,
        "FILES_DIFFER": 4,
        "BUILD_FAILED": 10,
        "TEST_FAILED": 11,
        "INCOMPLETE": 12,
        "UNAVAILABLE": 13,
        "NOT_AUTHORISED": 14,
        "LOCAL_OUTPUT": 15,
        "PUBLISH_REFUSED": 20,
        "TAG_MOVED": 21,
        "CONTRACT_BROKEN": 22,
        "PROGRAM_MISSING": 30,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), ExitCode.DONE),
        ((ExitCode.DONE, ExitCode.DONE), ExitCode.DONE),
        ((ExitCode.UNAVAILABLE, ExitCode.BUILD_FAILED, ExitCode.DONE), ExitCode.BUILD_FAILED),
        ((ExitCode.BUILD_FAILED, ExitCode.CONTRACT_BROKEN, ExitCode.TEST_FAILED), ExitCode.CONTRACT_BROKEN),
        ((ExitCode.INCOMPLETE, ExitCode.UNAVAILABLE), ExitCode.UNAVAILABLE),
        (tuple(ExitCode), ExitCode.BUG),
    ],
)
def test_the_worst_outcome_decides(codes: Sequence[ExitCode], expected: ExitCode) -> None:
    assert worst(codes) is expected


@pytest.mark.parametrize("code", ExitCode)
def test_every_code_has_a_severity(code: ExitCode) -> None:
    assert worst([ExitCode.DONE, code]) is code


def test_each_error_has_a_code_of_its_own_but_for_failed_commands() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OrchestratorError)]

    codes = [kind.exit_code for kind in kinds if kind is not CommandError]

    assert len(codes) == len(set(codes))
    assert CommandError.exit_code is UnavailableError.exit_code


def test_an_error_has_a_line_for_each_problem() -> None:
    error = InputError("first", "second")

    assert (error.problems, str(error)) == (("first", "second"), "first\nsecond")


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("", "`docker ps` exited with 3"),
        ("no\n", "`docker ps` exited with 3\nno"),
        (
            "".join(f"{line}\n" for line in range(50)),
            "\n".join(["`docker ps` exited with 3", *map(str, range(30, 50))]),
        ),
    ],
)
def test_a_failed_command_shows_the_end_of_what_it_said(stderr: str, expected: str) -> None:
    error = CommandError("docker ps", 3, stderr)

    assert (str(error), error.returncode) == (expected, 3)


@pytest.mark.parametrize(
    ("several", "kind"),
    [
        ([InputError("a"), UnavailableError("b")], InputError),
        ([UnavailableError("a"), NotAuthorisedError("b")], NotAuthorisedError),
        ([CommandError("a", 1), ContractBrokenError("b")], ContractBrokenError),
        ([CommandError("a", 1)], UnavailableError),
    ],
)
def test_several_errors_become_one_of_the_gravest_class(
    several: Sequence[OrchestratorError], kind: type[OrchestratorError]
) -> None:
    error = joined(several)

    assert (type(error), error.problems) == (kind, tuple(problem for each in several for problem in each.problems))
