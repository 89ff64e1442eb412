"""An engine of our own: its settings, and what keeps it from running."""

import json
from pathlib import Path

import pytest

from orchestrator.tools.engine.private import (
    DEFAULT_SOCKET,
    Remains,
    Settings,
    mounts_below,
    obstacle,
    purge,
    remains,
    remembered,
)

ROOT = Path("/var/lib/orchestrator/engine")
FILESYSTEMS = "nodev\tcgroup2\n\text4\nnodev\toverlay\n"
MOUNTS = "/dev/vda / ext4 rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"hosts": ["unix:///srv/docker.sock"]}), Path("/srv/docker.sock")),
        ("{", DEFAULT_SOCKET),
        ("[]", DEFAULT_SOCKET),
        ('{"hosts": []}', DEFAULT_SOCKET),
        (None, DEFAULT_SOCKET),
    ],
)
def test_a_start_without_a_socket_takes_the_last_one(tmp_path: Path, text: str | None, expected: Path) -> None:
    if text is not None:
        (tmp_path / "daemon.json").write_text(text)

    assert remembered(tmp_path) == Settings(tmp_path, expected)


@pytest.mark.parametrize(
    ("root", "mounts", "filesystems", "expected"),
    [
        (ROOT, MOUNTS, FILESYSTEMS, ""),
        (ROOT, MOUNTS.replace("cgroup2", "tmpfs"), FILESYSTEMS, "no cgroups are mounted here"),
        (ROOT, MOUNTS, "\text4\n", "the kernel has no overlay file system"),
        (ROOT, "overlay / overlay rw 0 0\n" + MOUNTS, FILESYSTEMS, ""),
        (ROOT, MOUNTS + "overlay /var/lib overlay rw 0 0\n", FILESYSTEMS, "is on an overlay file system"),
        (ROOT, MOUNTS + "overlay /var/lib/orch overlay rw 0 0\n", FILESYSTEMS, ""),
        (Path("/a b/engine"), MOUNTS + r"overlay /a\040b overlay rw 0 0" + "\n", FILESYSTEMS, "on an overlay"),
        (Path("/" + "long/" * 20), MOUNTS, FILESYSTEMS, "the path is too long for the engine's sockets"),
    ],
)
def test_what_keeps_an_engine_from_running_is_said_before(
    root: Path, mounts: str, filesystems: str, expected: str
) -> None:
    found = obstacle(root, mounts=mounts, filesystems=filesystems)

    assert expected in found
    assert bool(found) == bool(expected)


def test_an_engine_that_was_never_started_leaves_nothing(tmp_path: Path) -> None:
    assert remains(tmp_path) is Remains.NOTHING


def test_an_engine_that_was_stopped_leaves_its_data(tmp_path: Path) -> None:
    (tmp_path / "daemon.json").touch()

    assert remains(tmp_path) is Remains.DATA


def test_purge_deletes_the_folder_and_is_content_without_one(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "engine")
    (settings.root / "data").mkdir(parents=True)

    purge(settings)
    purge(settings)

    assert not settings.root.exists()


def test_mounts_are_taken_away_in_the_reverse_order() -> None:
    mounts = "\n".join(
        (
            "/dev/vda /srv ext4 rw 0 0",
            r"/dev/vdb /srv/my\040engine ext4 rw 0 0",
            r"/dev/vdc /srv/my\040engine2/data ext4 rw 0 0",
            r"nsfs /srv/my\040engine/exec/netns/1 nsfs rw 0 0",
            r"overlay /srv/my\040engine/data overlay rw 0 0",
        )
    )
    root = Path("/srv/my engine")

    assert mounts_below(root, mounts) == [root / "data", root / "exec" / "netns" / "1"]
