"""The errors that end a run, each with its exit code."""

from collections.abc import Iterable, Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says when it ends; every verb uses the same numbers."""

    DONE = 0
    BUG = 1
    INPUT = 2
    NOTHING_SELECTED = 3
    FILES_DIFFER = 4
    BUILD_FAILED = 10
    TEST_FAILED = 11
    INCOMPLETE = 12
    UNAVAILABLE = 13
    NOT_AUTHORISED = 14
    LOCAL_OUTPUT = 15
    PUBLISH_REFUSED = 20
    TAG_MOVED = 21
    CONTRACT_BROKEN = 22
    PROGRAM_MISSING = 30
    INTERRUPTED = 130


# From mild to grave. A cause that a person must mend outranks one that goes away by running again.
_SEVERITY = (
    ExitCode.DONE,
    ExitCode.FILES_DIFFER,
    ExitCode.INCOMPLETE,
    ExitCode.UNAVAILABLE,
    ExitCode.NOTHING_SELECTED,
    ExitCode.TEST_FAILED,
    ExitCode.BUILD_FAILED,
    ExitCode.PUBLISH_REFUSED,
    ExitCode.TAG_MOVED,
    ExitCode.NOT_AUTHORISED,
    ExitCode.LOCAL_OUTPUT,
    ExitCode.CONTRACT_BROKEN,
    ExitCode.PROGRAM_MISSING,
    ExitCode.INPUT,
    ExitCode.INTERRUPTED,
    ExitCode.BUG,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code that a run with several outcomes ends with; `DONE` when there are none."""
    return max(codes, key=_SEVERITY.index, default=ExitCode.DONE)


class OrchestratorError(Exception):
    """A run ends here; the message has one line per problem: where, what, what to do."""

    exit_code = ExitCode.BUG

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InputError(OrchestratorError):
    """Wrong usage or a wrong input file; names every wrong place at once."""

    exit_code = ExitCode.INPUT


class NothingSelectedError(OrchestratorError):
    """The options select no target."""

    exit_code = ExitCode.NOTHING_SELECTED


class UnavailableError(OrchestratorError):
    """The registry, network or builder kept failing; running again is safe."""

    exit_code = ExitCode.UNAVAILABLE


class NotAuthorisedError(OrchestratorError):
    """The registry refuses us."""

    exit_code = ExitCode.NOT_AUTHORISED


class LocalOutputError(OrchestratorError):
    """The local disk or an output cannot be written."""

    exit_code = ExitCode.LOCAL_OUTPUT


class TagMovedError(OrchestratorError):
    """What was decided upon moved: a tag names somebody else's, or a plan is no longer what would be planned now."""

    exit_code = ExitCode.TAG_MOVED


class ContractBrokenError(OrchestratorError):
    """The registry or a builder did not keep its word: wrong digest, not stored, wrong architecture."""

    exit_code = ExitCode.CONTRACT_BROKEN


class ProgramMissingError(OrchestratorError):
    """A program that we need is missing or too old."""

    exit_code = ExitCode.PROGRAM_MISSING


class CommandError(OrchestratorError):
    """A program that we started failed in a way its caller did not expect."""

    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, command: str, returncode: int, stderr: str = "") -> None:
        tail = "\n".join(stderr.splitlines()[-20:])
        super().__init__(f"`{command}` exited with {returncode}" + (f"\n{tail}" if tail else ""))
        self.returncode = returncode


def joined(errors: Sequence[OrchestratorError]) -> OrchestratorError:
    """One error for several: all their problems, of the class of the gravest."""
    gravest = max(errors, key=lambda error: _SEVERITY.index(error.exit_code))
    kind = UnavailableError if isinstance(gravest, CommandError) else type(gravest)
    return kind(*(problem for error in errors for problem in error.problems))
