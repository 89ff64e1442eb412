"""`make farm`: runs the farm on this machine, draws its timeline, and says what is in the registry at the end."""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.errors import ExitCode
from orchestrator.tools.logs import log
from tests.farm.outcome import Outcome
from tests.farm.story import LARGE, SMALL, Plan, day
from tests.farm.timeline import at_once, chart


def main() -> int:
    """Run a farm and say how it ended; everything that it started is gone then, and what it wrote unless --keep."""
    parser = argparse.ArgumentParser(prog="make farm", description=__doc__)
    parser.add_argument("--small", action="store_true", help="two architectures of Linux instead of four")
    parser.add_argument("--keep", action="store_true", help="keep the folder with consoles, records and events")
    given = parser.parse_args()
    if os.geteuid():
        print("error: the farm has namespaces and engines of its own, which only root may start", file=sys.stderr)
        return ExitCode.PROGRAM_MISSING
    log.configure(as_json=False, verbose=False)
    plan = SMALL if given.small else LARGE
    try:
        with _folder(is_kept=given.keep) as root, _registry(root, plan) as registry:
            ended = asyncio.run(_day(plan, root, registry))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted; everything that ran is stopped", file=sys.stderr)
        return ExitCode.INTERRUPTED
    print(told(ended))
    return ExitCode.DONE if ended.is_good and ended.refused else ExitCode.BUG


def told(ended: Outcome) -> str:
    """The end of a day in words, its timeline first."""
    machines = list(dict.fromkeys(span.machine for span in sorted(ended.spans, key=lambda span: span.machine)))
    tags: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for tag, platforms in ended.shared.items():
        tags[platforms].append(tag)
    again = sum(times - 1 for times in ended.built.values())
    lines = (
        chart(ended.spans, machines),
        "",
        *(f"{', '.join(names)}: {' '.join(platforms)}" for platforms, names in tags.items()),
        "",
        f"verify of these {len(ended.shared)} tags: exit code {ended.verified}",
        f"built side by side: {', '.join(at_once(ended.spans))}",
        f"{len(ended.staged)} builds are staged, {len(ended.built)} were made, {again} of them twice",
        f"the registry turned {ended.throttled} requests away",
        *(f"{run.agent}: `{run.job}` of an old checkout refused with {run.codes[-1]}" for run in ended.refused),
        "everything is published" if ended.is_good else "NOT everything is as it should be",
    )
    return "\n".join(lines)


async def _day(plan: Plan, root: Path, registry: str) -> Outcome:
    task = asyncio.current_task()
    if task is not None:
        # As Ctrl-C does: all that runs is ended in good order.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    start = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - start:5.1f} s  {text}", flush=True)

    ended = await day(plan, root=root, registry=registry, say=say)
    say("all machines are gone")
    return ended


@contextlib.contextmanager
def _folder(*, is_kept: bool) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="farm-"))
    try:
        yield root
    finally:
        if is_kept:
            print(f"kept: {root}")
        else:
            shutil.rmtree(root)


@contextlib.contextmanager
def _registry(root: Path, plan: Plan) -> Iterator[str]:
    """The address of a registry with the bases of Linux; also sees that engines and emulators can be started here."""
    environment = {**os.environ, "ORCHESTRATOR_STATE": str(root / "state")}
    try:
        _orchestrator("engine", "up", environment=environment)
        address = _orchestrator("registry", "up", environment=environment)
        arches = (word for arch in plan.arches for word in ("--arch", arch))
        _orchestrator("bases", "import", "busybox:trixie", *arches, environment=environment)
        yield address
    finally:
        for server in ("registry", "engine"):
            _orchestrator(server, "down", "--purge", environment=environment)


def _orchestrator(*words: str, environment: Mapping[str, str]) -> str:
    command = (sys.executable, "-m", "orchestrator", *words)
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
