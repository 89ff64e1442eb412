import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from orchestrator.errors import LocalOutputError
from orchestrator.tools import streams

Opened = Callable[[], TextIO]


def full() -> TextIO:
    """A disk that takes nothing."""
    return Path("/dev/full").open("w")


def unread() -> TextIO:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


@pytest.mark.parametrize("opened", [full, unread])
def test_what_stderr_does_not_take_ends_nothing(monkeypatch: pytest.MonkeyPatch, opened: Opened) -> None:
    monkeypatch.setattr("sys.stderr", opened())

    with streams.ready():
        for _ in range(10_000):
            print("2.0/trixie@amd64 | checking for gcc... yes", file=sys.stderr, flush=True)

    # Python does the same at its end.
    sys.stderr.close()


@pytest.mark.parametrize("text", ["a word", "a page\n" * 10_000])
def test_stdout_tells_that_its_disk_is_full(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdout", full())

    with pytest.raises(LocalOutputError, match="stdout: No space left on device; what"), streams.ready():
        print(text, flush=True)

    sys.stdout.close()


def test_stdout_tells_that_its_reader_went_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", unread())

    with pytest.raises(BrokenPipeError), streams.ready():
        print("a word", flush=True)

    sys.stdout.close()


def test_what_was_closed_before_leads_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr", None)

    with streams.ready():
        print("data")
        print("talk", file=sys.stderr)

    assert capsys.readouterr().out == "data\n"
    sys.stderr.close()


def test_what_is_written_arrives_and_the_streams_are_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr

    with streams.ready():
        print("data")
        print("talk", file=sys.stderr)

    assert (capsys.readouterr(), (sys.stdout, sys.stderr)) == (("data\n", "talk\n"), before)
