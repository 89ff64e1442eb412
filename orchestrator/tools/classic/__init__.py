"""Builds through the classic builder over the Docker API, for engines without BuildKit, such as those of Windows.

`solve` keeps the contract of `buildx.solve`: it leaves an OCI layout at `order.output`, and a failed build is a value.
What differs: the layout comes without the layers of the bases, and `elsewhere` says where these are to be had, to who
reads the layout and who pushes it. This builder makes no attestations, takes nothing from a cache, and keeps the times
at which files were made, so that two runs of one build differ.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator.errors import ExitCode, LocalOutputError
from orchestrator.model.failures import cause, is_crash
from orchestrator.model.solve import Progress
from orchestrator.tools.bases import Registry
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.classic.bases import described, elsewhere
from orchestrator.tools.classic.calls import EngineFailedError
from orchestrator.tools.classic.run import Run
from orchestrator.tools.smoke import Connect
from orchestrator.tools.transcript import Transcript
from orchestrator.tools.watchdog import Limits, OverdueError, watched

__all__ = ["elsewhere", "solve"]


async def solve(
    order: Order,
    *,
    connect: Connect,
    registry: Registry,
    notes: Path,
    limits: Limits,
    on_progress: Callable[[Progress], None],
    on_line: Callable[[str], None],
) -> Solved:
    """Run one build, its log going to a file as it comes, and leave its image as an OCI layout.

    `connect` makes a client of the engine that builds; `notes` is a folder that all runs of this machine share.
    Failures of the build and of the engine are values, that it overran its limits too; raises InputError for a
    Dockerfile that needs BuildKit, LocalOutputError, ContractBrokenError for an image that is not what it should be,
    and what the registry of a base raises. Cancelling ends the build in the engine. Nothing of it stays there in any
    case but its bases, which the next build needs; what a run left that was killed, the next build removes.
    """
    with _log(order) as write, _folder(order) as folder:
        transcript = Transcript(write, on_progress, on_line)
        if order.attempt > 1:
            transcript.say(f"> attempt {order.attempt}")
        try:
            async with watched(limits) as alive:
                run = Run(order, folder, notes, transcript, connect, alive)
                await run.carry_out(await described(order.build, registry))
        except (EngineFailedError, OverdueError) as error:
            transcript.end(f"> {error}")
            return Solved(error.code, str(error), transcript.progress, tuple(transcript.tail))
        transcript.end()
    failed = transcript.progress.failed
    if failed is None:
        return Solved(ExitCode.DONE, "", transcript.progress, tuple(transcript.tail))
    said = failed.error
    return Solved(
        cause(said),
        transcript.message(),
        transcript.progress,
        tuple(transcript.tail),
        is_crash=is_crash(said),
        place=run.place_of_failure,
    )


@contextlib.contextmanager
def _log(order: Order) -> Iterator[Callable[[str], None]]:
    """Gives the function that appends to the log of a build, from the second attempt on to the same file.

    It raises LocalOutputError, at whatever time.
    """
    try:
        order.log.parent.mkdir(parents=True, exist_ok=True)
        if order.attempt == 1:
            # A new file: another run may still write to the one of that name.
            order.log.unlink(missing_ok=True)
        file = order.log.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise _unwritable(order.log, error) from error

    def write(text: str) -> None:
        try:
            file.write(text)
        except OSError as error:
            raise _unwritable(order.log, error) from error

    with file:
        yield write


def _unwritable(path: Path, error: OSError) -> LocalOutputError:
    return LocalOutputError(f"{path}: {error.strerror}; free some space or mend its rights")


@contextlib.contextmanager
def _folder(order: Order) -> Iterator[Path]:
    """A folder beside the layout for as long as the build takes, and the layout's own place cleared."""
    folder = order.output.with_name("classic")
    for each in (order.output, folder):
        shutil.rmtree(each, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
