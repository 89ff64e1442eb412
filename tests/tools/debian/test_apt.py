"""apt with its own state: what it is told, and where it refuses."""

from pathlib import Path

import pytest

from orchestrator.errors import ProgramMissingError, UnavailableError
from orchestrator.tools.debian.apt import Apt, Debian, Package, debian, mirrors
from orchestrator.tools.debian.apt_sources import Mirror
from tests.fake_runner import Answer, FakeRunner

DEBIAN = Mirror("http://mirror.example.org/debian", ("bookworm", "bookworm-updates"), ("main",))
OTHER = "deb https://apt.example.org shop main\n"
ROOT, SOMEBODY = 0, 1000


def machine(folder: Path, *, release: str = "ID=debian\nVERSION_CODENAME=bookworm\n") -> Path:
    """The /etc of a machine."""
    (folder / "apt" / "sources.list.d").mkdir(parents=True)
    (folder / "os-release").write_text(release)
    (folder / "apt" / "sources.list").write_text(OTHER)
    (folder / "apt" / "sources.list.d" / "debian.sources").write_text(
        f"Types: deb\nURIs: {DEBIAN.url}\nSuites: bookworm bookworm-updates\nComponents: main\n"
    )
    return folder


def test_mirrors_are_debians_only(tmp_path: Path) -> None:
    assert mirrors(machine(tmp_path) / "apt") == (DEBIAN,)


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ('ID=debian\nVERSION_CODENAME="bookworm"\n', Debian("bookworm", (DEBIAN,))),
        ("ID=fedora\nVERSION_CODENAME=bookworm\n", None),
        ("ID=debian\n", None),
    ],
)
def test_debian_is_known_by_its_release(tmp_path: Path, release: str, expected: Debian | None) -> None:
    assert debian(machine(tmp_path, release=release)) == expected


def test_a_machine_without_any_of_it_is_not_debian(tmp_path: Path) -> None:
    assert debian(tmp_path) is None


async def test_a_package_of_another_suite_is_asked_for_by_name_and_never_chosen_by_itself(tmp_path: Path) -> None:
    runner = FakeRunner()
    state = tmp_path / "state"
    apt = Apt(state, runner, etc=machine(tmp_path / "etc"), user_id=ROOT)

    await apt.install([Package("docker.io", "trixie"), Package("runc")])

    options = (
        *("-o", f"Dir::Etc::sourcelist={state}/apt/debian.sources"),
        *("-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::Etc::preferences={state}/apt/preferences"),
        *("-o", "Dir::Etc::preferencesparts=-"),
        *("-o", f"Dir::State::lists={state}/apt/lists"),
        *("-o", f"Dir::Cache={state}/apt/cache"),
        *("-o", "DPkg::Lock::Timeout=300"),
    )
    assert runner.asked == [
        ("apt-get", "--quiet", *options, "update"),
        ("apt-get", "--quiet", *options, "install", "--yes", "--no-install-recommends", "docker.io/trixie", "runc"),
        ("apt-get", "--quiet", *options, "clean"),
    ]
    assert (state / "apt" / "preferences").read_text() == "Package: *\nPin: release n=trixie\nPin-Priority: 100\n"
    assert (state / "apt" / "debian.sources").read_text().count(f"URIs: {DEBIAN.url}\n") == 2


async def test_a_download_takes_the_asked_suite_and_architecture_only(tmp_path: Path) -> None:
    runner = FakeRunner()
    into = tmp_path / "packages"
    into.mkdir()
    (into / "busybox-static_1%3a1.37_s390x.deb").touch()
    apt = Apt(tmp_path / "state", runner, etc=machine(tmp_path / "etc"), user_id=SOMEBODY)

    found = await apt.download(["busybox-static"], suite="trixie", architecture="s390x", into=into)

    folder = tmp_path / "state" / "apt" / "trixie-s390x"
    assert found == (into / "busybox-static_1%3a1.37_s390x.deb",)
    assert runner.asked[1][-2:] == ("download", "busybox-static")
    assert {"APT::Architecture=s390x", "APT::Architectures=s390x", "Dir::State::status=/dev/null"} <= set(
        runner.asked[1]
    )
    assert "Suites: trixie\n" in (folder / "debian.sources").read_text()
    assert "bookworm" not in (folder / "debian.sources").read_text()


@pytest.mark.parametrize(
    ("release", "user", "reason"),
    [
        ("ID=fedora\n", ROOT, "not Debian"),
        ("ID=debian\nVERSION_CODENAME=bookworm\n", SOMEBODY, "only root"),
    ],
)
async def test_where_nothing_can_be_installed_nothing_is_tried(
    tmp_path: Path, release: str, user: int, reason: str
) -> None:
    runner = FakeRunner()
    apt = Apt(tmp_path / "state", runner, etc=machine(tmp_path / "etc", release=release), user_id=user)

    with pytest.raises(ProgramMissingError, match=f"cannot install jq skopeo: .*{reason}"):
        await apt.install_tools(["jq", "skopeo"])

    assert runner.asked == []


async def test_a_mirror_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    runner = FakeRunner({"apt-get": Answer(100, stderr="E: could not resolve mirror.example.org")})
    apt = Apt(tmp_path / "state", runner, etc=machine(tmp_path / "etc"), user_id=ROOT)

    with pytest.raises(UnavailableError, match="could not resolve"):
        await apt.install_tools(["jq"])
