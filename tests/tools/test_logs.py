import io
import json
from collections.abc import Iterator

import pytest
import structlog

from orchestrator.tools.logs import configure_logging


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_lines_for_people_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=False, verbose=False)

    structlog.get_logger().info("registry started", address="127.0.0.1:5000")

    output = capsys.readouterr()
    assert (output.out, output.err.split()) == ("", ["[info", "]", "registry", "started", "address=127.0.0.1:5000"])


def test_lines_for_machines_are_json_with_the_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=True, verbose=False)

    structlog.get_logger().warning("no emulation", target="2.0/trixie@s390x")

    line = json.loads(capsys.readouterr().err)
    assert (line.pop("timestamp").endswith("Z"), line) == (
        True,
        {"event": "no emulation", "level": "warning", "target": "2.0/trixie@s390x"},
    )


@pytest.mark.parametrize(("verbose", "lines"), [(True, 1), (False, 0)])
def test_commands_show_only_when_asked_for(capsys: pytest.CaptureFixture[str], *, verbose: bool, lines: int) -> None:
    configure_logging(as_json=False, verbose=verbose)

    structlog.get_logger().debug("run", command="docker version")

    assert len(capsys.readouterr().err.splitlines()) == lines


def test_a_logger_that_was_made_earlier_follows(capsys: pytest.CaptureFixture[str]) -> None:
    log = structlog.get_logger()
    configure_logging(as_json=False, verbose=False)
    log.info("first")
    configure_logging(as_json=True, verbose=False)

    log.info("second")

    assert json.loads(capsys.readouterr().err.splitlines()[1])["event"] == "second"


def test_a_reader_that_went_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    configure_logging(as_json=False, verbose=False)
    monkeypatch.setattr("sys.stderr", Closed())

    structlog.get_logger().info("registry started")
