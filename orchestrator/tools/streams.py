"""The standard streams of this process, whose other ends may be closed, full, or gone."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, TypeVar

from orchestrator.errors import LocalOutputError

_NOWHERE = Path(os.devnull)
_STDERR = 2

_Stream = TypeVar("_Stream", bound=io.TextIOWrapper)


class _Data(io.TextIOWrapper):
    """Stdout: what is written there was asked for."""

    def write(self, text: str, /) -> int:
        with _told():
            return super().write(text)

    def flush(self) -> None:
        with _told():
            super().flush()


class _Talk(io.TextIOWrapper):
    """Stderr: what cannot be written there is lost, and ends nothing."""

    def write(self, text: str, /) -> int:
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


@contextlib.contextmanager
def ready() -> Iterator[None]:
    """Streams for a run: one that was closed before it leads nowhere, stdout tells by LocalOutputError what it refuses.

    A reader of stdout that went away is told by BrokenPipeError, as ever. Stderr refuses nothing: a terminal that was
    closed and a full disk take nothing more, and the work that they were told of goes on.
    """
    _open_closed()
    before = sys.stdout, sys.stderr
    ours = _over(_Data, sys.stdout, by_line=sys.stdout.isatty()), _over(_Talk, sys.stderr, by_line=True)
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream, mine in zip(before, ours, strict=True):
            with contextlib.suppress(OSError, LocalOutputError):
                mine.flush()
            _give_up(stream)
            mine.detach()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LocalOutputError(f"stdout: {error.strerror}; what was to be printed is not all there") from error


def _open_closed() -> None:
    """Give closed streams a place, or the next file that is opened takes it, and `print` takes one for the other."""
    while (descriptor := os.open(_NOWHERE, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or _NOWHERE.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or _NOWHERE.open("w", encoding="utf-8")


def _over(kind: type[_Stream], stream: TextIO, *, by_line: bool) -> _Stream:
    """A stream that writes to the same place."""
    return kind(stream.buffer, encoding=stream.encoding, errors=stream.errors, line_buffering=by_line)


def _give_up(stream: TextIO) -> None:
    """Let what cannot be written go nowhere: Python would try again at its end, and end with a code of its own.

    As https://docs.python.org/3/library/signal.html#note-on-sigpipe has it.
    """
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(_NOWHERE, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
