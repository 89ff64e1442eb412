import io
import os
import tarfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError, UnavailableError
from orchestrator.model.debian.bases import BUILD_PACKAGES, Recipe
from orchestrator.model.debian.release import Release
from orchestrator.tools.debian.roots import Root, Tools, make, system_command
from orchestrator.tools.process import Finished

PROGRAM = b"\x7fELF\0[\0[[\0ls\0sh\0\0"
PACKED = 1_783_876_260
RELEASE = Release(datetime(2026, 9, 12, 7, 55, 41, tzinfo=UTC), frozenset({"amd64", "s390x"}))


class FakeArchive:
    """Hands out an empty package and notes what for."""

    updates = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    async def release(self, suite: str, *, arch_name: str) -> Release:
        return RELEASE

    async def download(self, package: str, *, suite: str, arch_name: str, into: Path) -> Path:
        self.asked.append((package, suite, arch_name))
        return into / f"{package}.deb"

    def sources(self, suite: str) -> str:
        return f"Suites: {suite}\n"


class FakeRunner:
    """Unpacks a package as `files` say; answers everything else with `finished`."""

    def __init__(self, files: Mapping[str, bytes], finished: tuple[int, str, str] = (0, "1.37\n", "")) -> None:
        self.commands: list[tuple[str, ...]] = []
        self.env: Mapping[str, str] = {}
        self._files = files
        self._finished = finished

    async def run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        self.commands.append(tuple(command))
        self.env = env or {}
        if "--extract" in command:
            self._unpack(Path(command[-1]))
        return Finished(tuple(command), *self._finished)

    async def stream(self, *args: object, **kwargs: object) -> int:
        raise NotImplementedError

    def start(self, *args: object, **kwargs: object) -> int:
        raise NotImplementedError

    def _unpack(self, root: Path) -> None:
        for name, content in self._files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (PACKED, PACKED))


async def made(
    recipe: Recipe, runner: FakeRunner, folder: Path, *, archive: FakeArchive | None = None, arch: str = "s390x"
) -> Root:
    return await make(
        recipe,
        arch_name=arch,
        release=RELEASE,
        tools=Tools(archive or FakeArchive(), runner, as_root=False),
        folder=folder,
    )


@pytest.mark.parametrize("place", ["usr/bin/busybox", "bin/busybox"])
async def test_a_tiny_base_is_made_of_the_package_without_running_anything_of_it(tmp_path: Path, place: str) -> None:
    archive = FakeArchive()
    runner = FakeRunner({place: PROGRAM, "usr/share/doc/busybox-static/copyright": b"GPL-2"})

    root = await made(Recipe("busybox", "trixie"), runner, tmp_path, archive=archive)

    assert archive.asked == [("busybox-static", "trixie", "s390x")]
    assert {command[0] for command in runner.commands} == {"dpkg-deb"}
    assert (root.made_from, root.created) == ("busybox-static 1.37 of trixie", datetime.fromtimestamp(PACKED, UTC))
    assert isinstance(root.archive, bytes)
    with tarfile.open(fileobj=io.BytesIO(root.archive)) as tar:
        assert {member.mtime for member in tar} == {PACKED}
        assert tar.getmember("usr/bin/sh").linkname == "busybox"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"usr/bin/busybox": PROGRAM},
        {"usr/bin/busybox": b"", "usr/share/doc/busybox-static/copyright": b"GPL-2"},
    ],
)
async def test_a_package_that_is_not_as_expected_is_told(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    with pytest.raises(ContractBrokenError, match=r"busybox-static\.deb is not as it was until now"):
        await made(Recipe("busybox", "trixie"), FakeRunner(files), tmp_path)


async def test_a_whole_system_has_the_time_of_its_release(tmp_path: Path) -> None:
    runner = FakeRunner({})

    root = await made(Recipe("debian", "trixie"), runner, tmp_path, arch="amd64")

    assert root == Root(tmp_path / "root.tar", "the packages of trixie (2026-09-12, with updates)", RELEASE.date)
    assert runner.env == {"SOURCE_DATE_EPOCH": str(int(RELEASE.date.timestamp())), "TMPDIR": str(tmp_path)}
    assert (tmp_path / "debian.sources").read_text() == "Suites: trixie\n"


async def test_why_a_system_could_not_be_made_is_told_in_a_line(tmp_path: Path) -> None:
    stderr = "I: automatically chosen mode: root\nE: Failed to fetch http://mirror.example: no\nE: mmdebstrap failed\n"

    with pytest.raises(UnavailableError) as raised:
        await made(Recipe("debian", "trixie"), FakeRunner({}, (25, "", stderr)), tmp_path)

    assert raised.value.problems == (
        "debian:trixie for s390x: mmdebstrap failed: Failed to fetch http://mirror.example: no; mmdebstrap failed; "
        "`--no-updates` leaves out the updates, if it is these that the mirror lacks",
    )


def test_the_command_of_a_slim_system() -> None:
    command = system_command(
        Recipe("debian", "trixie", slim=True), arch_name="arm32v5", folder=Path("/made"), as_root=True
    )

    assert command == [
        "unshare",
        "--mount",
        "mmdebstrap",
        "--variant",
        "minbase",
        "--architectures",
        "armel",
        "--format",
        "tar",
        "--skip",
        "output/dev",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=path-exclude=/usr/share/groff/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/linda/*",
        "--dpkgopt=path-exclude=/usr/share/lintian/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        '--aptopt=Acquire::GzipIndexes "true"',
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::AutoRemove::SuggestsImportant "false"',
        '--aptopt=Dir::Cache::pkgcache ""',
        '--aptopt=Dir::Cache::srcpkgcache ""',
        '--aptopt=DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb"; }',
        "--customize-hook=rm -f $1/etc/hostname $1/etc/resolv.conf",
        "trixie",
        "/made/root.tar",
        "/made/debian.sources",
    ]


def test_build_packages_are_in_their_own_base_alone() -> None:
    packages = ",".join(BUILD_PACKAGES)
    commands = {
        family: system_command(Recipe(family, "trixie"), arch_name="amd64", folder=Path("/made"), as_root=False)
        for family in ("debian", "buildpack-deps")
    }

    assert [family for family, command in commands.items() if packages in command] == ["buildpack-deps"]
