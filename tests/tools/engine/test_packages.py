"""The packages that an engine of our own needs."""

from pathlib import Path

import pytest

from orchestrator.errors import ProgramMissingError
from orchestrator.tools.debian.apt import Apt, Debian, Package
from orchestrator.tools.engine.packages import is_packaged, missing_packages
from tests.fake_runner import Answer, FakeRunner

PROGRAMS = ("dockerd", "containerd", "runc", "iptables", "ip", "docker")


def machine(folder: Path, *, codename: str, programs: tuple[str, ...] = (), runner: FakeRunner | None = None) -> Apt:
    """A Debian with these programs in `folder/bin`, and root at its keyboard."""
    (folder / "etc" / "apt").mkdir(parents=True)
    (folder / "etc" / "os-release").write_text(f"ID=debian\nVERSION_CODENAME={codename}\n")
    (folder / "etc" / "apt" / "sources.list").write_text(f"deb http://mirror.example.org/debian {codename} main\n")
    (folder / "bin").mkdir()
    for program in programs:
        (folder / "bin" / program).touch(mode=0o755)
    return Apt(folder / "state", runner or FakeRunner(), etc=folder / "etc", user_id=0)


@pytest.mark.parametrize(
    ("codename", "programs", "expected"),
    [
        (
            "bookworm",
            ("ip", "iptables"),
            (
                *(Package("docker.io", "trixie"), Package("containerd", "trixie"), Package("runc")),
                *(Package("docker-cli", "trixie"), Package("docker-buildx", "trixie"), Package("tini")),
                *(Package("qemu-user-static"), Package("binfmt-support")),
            ),
        ),
        (
            "trixie",
            ("dockerd", "containerd", "runc", "docker"),
            (Package("iptables"), Package("iproute2"), Package("tini")),
        ),
        ("trixie", PROGRAMS, ()),
    ],
)
async def test_only_what_is_missing_is_installed(
    tmp_path: Path, codename: str, programs: tuple[str, ...], expected: tuple[Package, ...]
) -> None:
    apt = machine(tmp_path, codename=codename, programs=programs)

    assert await missing_packages(apt, {"PATH": str(tmp_path / "bin")}) == expected


async def test_a_client_without_buildx_gets_buildx(tmp_path: Path) -> None:
    runner = FakeRunner({"docker buildx version": Answer(1)})
    apt = machine(tmp_path, codename="trixie", programs=PROGRAMS, runner=runner)

    assert await missing_packages(apt, {"PATH": str(tmp_path / "bin")}) == (Package("docker-buildx"), Package("tini"))


async def test_a_debian_whose_docker_is_too_old_is_told(tmp_path: Path) -> None:
    apt = machine(tmp_path, codename="bullseye")

    with pytest.raises(ProgramMissingError, match="Debian bullseye has no Docker that is new enough"):
        await missing_packages(apt, {"PATH": str(tmp_path / "bin")})


async def test_elsewhere_the_user_has_to_install_it(tmp_path: Path) -> None:
    apt = Apt(tmp_path, FakeRunner(), etc=tmp_path, user_id=0)

    with pytest.raises(
        ProgramMissingError, match=r"docker\.io .* cannot be installed: this is not Debian.*DOCKER_HOST"
    ):
        await missing_packages(apt, {"PATH": str(tmp_path)})


@pytest.mark.parametrize(("codename", "expected"), [("bullseye", False), ("bookworm", False), ("trixie", True)])
def test_a_debian_either_has_a_docker_that_is_new_enough_or_not(codename: str, expected: bool) -> None:
    assert is_packaged(Debian(codename, ())) is expected
