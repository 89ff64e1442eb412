"""Servers that outlive us: told apart by more than a number, against a /proc made of files."""

import json
from pathlib import Path

import pytest

from orchestrator.tools.servers import Server, identify, processes_of, remember, remembered

BOOT = "5f6c-1"


def proc(folder: Path, *, boot: str = BOOT) -> Path:
    kernel = folder / "sys" / "kernel" / "random"
    kernel.mkdir(parents=True)
    (kernel / "boot_id").write_text(f"{boot}\n")
    return folder


def process(
    folder: Path, pid: int, *, words: tuple[str, ...] = (), parent: int = 1, start: int = 500, state: str = "S"
) -> None:
    """A process with a name that tries to confuse."""
    (folder / str(pid)).mkdir()
    (folder / str(pid) / "stat").write_text(f"{pid} (odd) S 9 (name) {state} {parent} " + "0 " * 17 + f"{start} 0 0\n")
    (folder / str(pid) / "cmdline").write_text("".join(f"{word}\0" for word in words))


def test_a_process_is_known_by_its_start_and_boot(tmp_path: Path) -> None:
    process(proc(tmp_path), 42, start=700)

    assert identify(42, tmp_path) == Server(42, 700, BOOT)


@pytest.mark.parametrize("state", ["Z", "X"])
def test_a_process_that_waits_to_be_reaped_is_none(tmp_path: Path, state: str) -> None:
    process(proc(tmp_path), 42, state=state)

    assert identify(42, tmp_path) is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Server(42, 500, BOOT), Server(42, 500, BOOT)),
        (Server(42, 499, BOOT), None),
        (Server(42, 500, "another boot"), None),
        (Server(43, 500, BOOT), None),
    ],
)
def test_a_recycled_pid_fools_nobody(tmp_path: Path, known: Server, expected: Server | None) -> None:
    process(proc(tmp_path / "proc"), 42, start=500)
    remember(known, tmp_path / "record.json")

    assert remembered(tmp_path / "record.json", tmp_path / "proc") == expected


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', "null"])
def test_a_record_that_is_none_names_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)

    assert remembered(tmp_path / "record.json", proc(tmp_path / "proc")) is None


def test_a_record_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    (tmp_path / "record.part").symlink_to(tmp_path / "elsewhere")

    remember(Server(42, 500, BOOT), file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text()) == {"pid": 42, "start_ticks": 500, "boot_id": BOOT}
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_killed_server_left_is_found_with_its_children(tmp_path: Path) -> None:
    folder = Path("/srv/engine")
    process(proc(tmp_path), 10, words=("containerd", "--config", "/srv/engine/containerd.toml"))
    process(tmp_path, 11, words=("/usr/bin/containerd-shim", "-address", "/srv/engine/exec/containerd.sock"))
    process(tmp_path, 12, words=("sleep", "1000"), parent=11)
    process(tmp_path, 13, words=("sh",), parent=12)
    process(tmp_path, 20, words=("containerd", "--config", "/srv/engine-of-others/containerd.toml"))
    process(tmp_path, 21, words=("vi", "/srv/engine/containerd.toml"))
    process(tmp_path, 22, words=("containerd",))
    process(tmp_path, 23)

    found = processes_of(folder, frozenset({"containerd", "containerd-shim"}), tmp_path)

    assert [server.pid for server in found] == [13, 12, 11, 10]
