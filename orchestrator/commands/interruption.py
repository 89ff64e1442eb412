"""Ends a run that is interrupted: by cleaning up, then by killing, then whatever is still going on."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

from orchestrator.errors import ExitCode
from orchestrator.tools.logs import log

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Three steps: cancel the work, cancel its cleaning up too (which kills programs), leave.

    Each signal is a step, and each step comes by itself when the one before has had its time: CI kills what takes long.
    """

    def __init__(
        self, *, cleaning_seconds: float = 7.0, killing_seconds: float = 1.5, leave: Callable[[], None] | None = None
    ) -> None:
        self._waits = (cleaning_seconds, killing_seconds)
        self._leave = leave or _leave
        self._steps = (self._cancel_work, self._cancel_all, self._leave)
        self._taken = 0
        self._timer: threading.Timer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[object] | None = None

    def of_this_task(self) -> None:
        """Say which task is the work; called by the task itself."""
        self._loop, self._work = asyncio.get_running_loop(), asyncio.current_task()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take signals, where that can be: in the main thread. Ignored ones, as under `nohup`, stay so."""
        is_main = threading.current_thread() is threading.main_thread()
        taken = [number for number in _SIGNALS if is_main and signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._signalled) for number in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            # After the second step a thread may still hang, which Python would wait for when it ends.
            if self._timer and self._taken < len(self._waits):
                self._timer.cancel()

    def _signalled(self, *_: object) -> None:
        if self._loop is None:
            raise KeyboardInterrupt
        self._step(self._taken)

    def _step(self, number: int) -> None:
        """Take a step, unless it was taken meanwhile: a signal and a timer may come together."""
        if number != self._taken:
            return
        self._taken += 1
        if self._timer:
            self._timer.cancel()
        if number < len(self._waits):
            self._timer = threading.Timer(self._waits[number], self._step, [number + 1])
            self._timer.daemon = True
            self._timer.start()
        self._steps[min(number, len(self._steps) - 1)]()

    def _cancel_work(self) -> None:
        def cancel() -> None:
            if self._work:
                self._work.cancel()
            log.info("ending what runs; interrupt again to end it at once")

        self._soon(cancel)

    def _cancel_all(self) -> None:
        def cancel() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()

        self._soon(cancel)

    def _soon(self, act: Callable[[], None]) -> None:
        # A signal comes between any two instructions; the loop may be closed already.
        with contextlib.suppress(RuntimeError):
            if self._loop:
                self._loop.call_soon_threadsafe(act)


def _leave() -> None:
    """End the process although something in it does not end; what it left is swept away by the next run."""
    with contextlib.suppress(OSError, RuntimeError):
        print("interrupted", file=sys.stderr, flush=True)
    os._exit(ExitCode.INTERRUPTED)
