import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.sources import command
from orchestrator.errors import ExitCode, InputError, NothingSelectedError
from orchestrator.tools.process import SystemRunner

TARBALL = hashlib.sha256(b"tarball").hexdigest()
CATALOG = {
    "3.14": {
        "version": "3.14.0",
        "variants": ["slim-trixie", "alpine3.24"],
        "checksums": {"source": {"sha256": TARBALL}},
    },
    "3.13": {
        "version": "3.13.9",
        "variants": ["slim-trixie"],
        "checksums": {"source": {"sha256": "0" * 64}},
    },
}
CONFIG = """
image: python
bases: {slim: "debian:{release}-slim", alpine: "alpine:{release}"}
sources:
  - file: Python-{version}.tar.xz
    url: https://example.org/ftp/{version}/Python-{version}.tar.xz
    sha256: checksums.source.sha256
  - version: "3.13"
    file: Python-{version}.tar.xz.asc
    url: https://example.org/ftp/{version}/Python-{version}.tar.xz.asc
    unverified: the build checks it
"""


@pytest.fixture
def invocation(tmp_path: Path) -> Invocation:
    root = tmp_path / "image"
    root.mkdir()
    (root / "versions.json").write_text(json.dumps(CATALOG))
    (root / "orchestrator.yaml").write_text(CONFIG)
    return Invocation(
        root=root,
        state=tmp_path / "state",
        environment={},
        overrides={},
        runner=SystemRunner({}),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        machine="x86_64",
        interactive=False,
    )


def invoke(invocation: Invocation, *words: str) -> Result:
    return CliRunner().invoke(command, words, obj=invocation, standalone_mode=False)


def downloaded(tmp_path: Path, name: str, content: bytes) -> str:
    (tmp_path / name).write_bytes(content)
    return str(tmp_path / name)


def test_the_list_says_what_is_needed_by_what_and_what_is_missing(invocation: Invocation) -> None:
    result = invoke(invocation, "list")

    assert result.stdout.splitlines() == [
        f"Python-3.14.0.tar.xz      missing  {TARBALL[:12]}  3.14/slim-trixie 3.14/alpine3.24",
        "Python-3.13.9.tar.xz      missing  000000000000  3.13/slim-trixie",
        "Python-3.13.9.tar.xz.asc  missing  no checksum   3.13/slim-trixie",
    ]
    assert result.return_value is ExitCode.DONE


def test_a_file_added_by_hand_is_cached_and_needs_no_fetching(invocation: Invocation, tmp_path: Path) -> None:
    file = downloaded(tmp_path, "download.xz", b"tarball")

    added = invoke(invocation, "add", file)
    fetched = invoke(invocation, "fetch", "--version", "3.14")
    listed = invoke(invocation, "list", "--variant", "alpine", "--format", "json")
    planned = invoke(invocation, "fetch", "--dry-run", "--version", "3.14", "--format", "json")

    path = invocation.state / "sources" / "sha256" / TARBALL
    assert added.stdout == f"added {file} as Python-3.14.0.tar.xz\n"
    assert fetched.stdout == f"Python-3.14.0.tar.xz  {path}\n"
    source = {
        "file": "Python-3.14.0.tar.xz",
        "url": "https://example.org/ftp/3.14.0/Python-3.14.0.tar.xz",
        "sha256": TARBALL,
    }
    assert json.loads(listed.stdout) == {
        "sources": [{**source, "cached": True, "needed_by": ["3.14/alpine3.24"]}],
        "exit_code": 0,
    }
    assert json.loads(planned.stdout) == {"sources": [{**source, "path": str(path)}], "exit_code": 0}


def test_a_file_that_no_build_needs_stops_before_any_is_added(invocation: Invocation, tmp_path: Path) -> None:
    good = downloaded(tmp_path, "download.xz", b"tarball")
    bad = downloaded(tmp_path, "notes.txt", b"notes")

    result = invoke(invocation, "add", good, bad)

    assert isinstance(result.exception, InputError)
    assert not invocation.state.exists()


def test_a_dry_run_changes_nothing(invocation: Invocation, tmp_path: Path) -> None:
    file = downloaded(tmp_path, "download.xz", b"tarball")

    added = invoke(invocation, "add", "--dry-run", file)
    fetched = invoke(invocation, "fetch", "--dry-run", "--version", "3.13.9")

    assert added.stdout == f"would add {file} as Python-3.14.0.tar.xz\n"
    assert fetched.stdout.splitlines() == [
        "would fetch Python-3.13.9.tar.xz from https://example.org/ftp/3.13.9/Python-3.13.9.tar.xz",
        "would fetch Python-3.13.9.tar.xz.asc from https://example.org/ftp/3.13.9/Python-3.13.9.tar.xz.asc",
    ]
    assert not invocation.state.exists()


def test_a_dry_run_as_json_has_no_path_for_what_would_be_fetched(invocation: Invocation) -> None:
    result = invoke(invocation, "fetch", "--dry-run", "--version", "3.13", "--format", "json")

    assert [(each["file"], each["path"]) for each in json.loads(result.stdout)["sources"]] == [
        ("Python-3.13.9.tar.xz", None),
        ("Python-3.13.9.tar.xz.asc", None),
    ]


@pytest.mark.parametrize("verb", ["fetch", "list"])
def test_selecting_nothing_is_an_error(invocation: Invocation, verb: str) -> None:
    result = invoke(invocation, verb, "--version", "3.9", "--variant", "alpine")

    assert isinstance(result.exception, NothingSelectedError)
    assert str(result.exception).startswith("nothing is selected by --version 3.9 --variant alpine; ")
