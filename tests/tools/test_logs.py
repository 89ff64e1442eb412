import json

import pytest

from orchestrator.tools.logs import Log


@pytest.fixture
def log() -> Log:
    return Log()


def test_lines_for_people_go_to_stderr(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(as_json=False, verbose=False)

    log.info("registry started", address="127.0.0.1:5000")

    output = capsys.readouterr()
    assert (output.out, output.err.split()) == ("", ["[info", "]", "registry", "started", "address=127.0.0.1:5000"])


def test_lines_for_machines_are_json_with_the_time_in_utc(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(as_json=True, verbose=False)

    log.warning("no emulation", target="2.0/trixie@s390x")

    line = json.loads(capsys.readouterr().err)
    assert (line.pop("timestamp").endswith("Z"), line) == (
        True,
        {"event": "no emulation", "level": "warning", "target": "2.0/trixie@s390x"},
    )


@pytest.mark.parametrize(("verbose", "lines"), [(True, 1), (False, 0)])
def test_commands_show_only_when_asked_for(
    log: Log, capsys: pytest.CaptureFixture[str], *, verbose: bool, lines: int
) -> None:
    log.configure(as_json=False, verbose=verbose)

    log.debug("run", command="docker version")

    assert len(capsys.readouterr().err.splitlines()) == lines


def test_what_is_configured_anew_holds_from_the_next_line_on(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(as_json=False, verbose=False)
    log.info("first")
    log.configure(as_json=True, verbose=False)

    log.info("second")

    assert json.loads(capsys.readouterr().err.splitlines()[1])["event"] == "second"
