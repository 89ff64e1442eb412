"""apt with a state of our own: packages of the machine's Debian mirrors, also of other suites, /etc/apt untouched."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import CommandError, ProgramMissingError, UnavailableError
from orchestrator.tools.debian.apt_sources import Mirror, parse, sources, with_suite
from orchestrator.tools.locks import locked
from orchestrator.tools.logs import log
from orchestrator.tools.process import Runner

ETC = Path("/etc")
_DPKG_LOCK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Package:
    """A package by name, from a certain suite or from the machine's own."""

    name: str
    suite: str = ""

    def __str__(self) -> str:
        return f"{self.name}/{self.suite}" if self.suite else self.name


@dataclass(frozen=True, slots=True)
class Debian:
    """The Debian that runs here and where it gets its packages."""

    codename: str
    mirrors: tuple[Mirror, ...]


@dataclass(frozen=True, slots=True)
class Apt:
    """apt on this machine; what it downloads and remembers for us lies in `<state>/apt`."""

    state: Path
    runner: Runner
    etc: Path = ETC
    user_id: int = field(default_factory=os.geteuid)

    def obstacle(self) -> str:
        """Why packages cannot be installed here, in words that end an error message; empty when they can."""
        if debian(self.etc) is None:
            return "this is not Debian, or its apt sources name no Debian mirror"
        return "only root may install packages" if self.user_id else ""

    async def install(self, packages: Sequence[Package]) -> None:
        """Install packages and what they need; one of a foreign suite drags in no more of that suite than it must.

        Raises ProgramMissingError where that is impossible (not root, not Debian), UnavailableError when apt fails.
        """
        names = " ".join(package.name for package in packages)
        system = debian(self.etc)
        if system is None or self.obstacle():
            raise ProgramMissingError(
                f"cannot install {names}: {self.obstacle()}; `orchestrator doctor` says what to do"
            )
        suites = sorted({package.suite for package in packages if package.suite})
        log.info("install", packages=names, suites=sorted({system.codename, *suites}))
        folder = self.state / "apt"
        async with locked(folder / "lock"):
            options = _prepare(folder, _with_suites(system, suites))
            await self._apt_get(*options, "update")
            await self._apt_get(*options, "install", "--yes", "--no-install-recommends", *map(str, packages))
            await self._apt_get(*options, "clean")

    async def install_tools(self, names: Sequence[str]) -> None:
        """Install packages of the machine's own suite, such as skopeo or jq."""
        await self.install([Package(name) for name in names])

    async def download(self, names: Sequence[str], *, suite: str, architecture: str, into: Path) -> tuple[Path, ...]:
        """Fetch packages of a suite for any Debian architecture into a folder, signatures checked; installs nothing.

        Needs no root. Raises ProgramMissingError where there is no Debian mirror, UnavailableError when apt fails.
        """
        folder = self.state / "apt" / f"{suite}-{architecture}"
        async with locked(folder / "lock"):
            options = self._foreign(folder, suite=suite, architecture=architecture)
            await self._apt_get(*options, "update")
            await self._apt_get(*options, "download", *names, cwd=_made(into))
        return _fetched(names, into)

    async def download_source(self, name: str, *, suite: str, into: Path) -> None:
        """Fetch the files of a source package into a folder, signatures checked; raises what `download` raises."""
        folder = self.state / "apt" / f"{suite}-source"
        async with locked(folder / "lock"):
            options = self._only(folder, suite=suite, types="deb-src")
            await self._apt_get(*options, "update")
            await self._apt_get(*options, "source", "--download-only", name, cwd=into)

    async def release(self, *, suite: str, architecture: str) -> str:
        """The text of a suite's Release file, its signature checked; raises what `download` raises."""
        folder = self.state / "apt" / f"{suite}-{architecture}"
        async with locked(folder / "lock"):
            await self._apt_get(*self._foreign(folder, suite=suite, architecture=architecture), "update")
            files = sorted((folder / "lists").glob(f"*_{suite}_*Release"))
        if not files:
            raise UnavailableError(f"apt got no Release file of {suite}; the suite may not exist on this mirror")
        return files[0].read_text(encoding="utf-8")

    def _foreign(self, folder: Path, *, suite: str, architecture: str) -> list[str]:
        """The options that make apt use one suite of one architecture, and keep what it knows of it in a folder."""
        return [
            *self._only(folder, suite=suite, types="deb"),
            *("-o", f"APT::Architecture={architecture}"),
            *("-o", f"APT::Architectures={architecture}"),
            # What is installed here says nothing about another architecture.
            *("-o", "Dir::State::status=/dev/null"),
        ]

    def _only(self, folder: Path, *, suite: str, types: str) -> list[str]:
        system = debian(self.etc)
        if system is None:
            raise ProgramMissingError(f"cannot download from Debian's archive: {self.obstacle()}")
        known = _with_suites(system, [suite])
        only = Debian(suite, tuple(mirror for mirror in known.mirrors if suite in mirror.suites))
        return _prepare(folder, only, types=types)

    async def _apt_get(self, *words: str, cwd: Path | None = None) -> None:
        try:
            await self.runner.run(("apt-get", "--quiet", *words), cwd=cwd, env={"DEBIAN_FRONTEND": "noninteractive"})
        except CommandError as error:
            raise UnavailableError(*error.problems) from error


def debian(etc: Path = ETC) -> Debian | None:
    """The Debian of this machine, or None when it is another system or its apt names no Debian mirror."""
    release = _os_release(etc)
    found = mirrors(etc / "apt")
    if release.get("ID") != "debian" or not release.get("VERSION_CODENAME") or not found:
        return None
    return Debian(release["VERSION_CODENAME"], found)


def mirrors(etc_apt: Path) -> tuple[Mirror, ...]:
    """The Debian mirrors that apt's files under `etc_apt` name, by file name; other archives are left out."""
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]
    texts = {str(file): file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()}
    return tuple(mirror for mirror in parse(texts) if mirror.is_debian)


def _with_suites(system: Debian, suites: Sequence[str]) -> Debian:
    known = system.mirrors
    for suite in suites:
        try:
            known = with_suite(known, suite)
        except ValueError as error:
            raise ProgramMissingError(f"{error}; add one to apt's sources") from error
    return Debian(system.codename, known)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fetched(names: Sequence[str], folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(file for name in names for file in folder.glob(f"{name}_*.deb")))


def _prepare(folder: Path, system: Debian, *, types: str = "deb") -> list[str]:
    """Write sources and preferences into the folder; returns the options that make apt use these and no others."""
    for part in (folder / "lists/partial", folder / "cache/archives/partial"):
        part.mkdir(parents=True, exist_ok=True)
    (folder / "debian.sources").write_text(sources(system.mirrors, types=types), encoding="utf-8")
    foreign = {suite for mirror in system.mirrors for suite in mirror.suites if not suite.startswith(system.codename)}
    (folder / "preferences").write_text("\n".join(map(_pin, sorted(foreign))), encoding="utf-8")
    return [
        *("-o", f"Dir::Etc::sourcelist={folder / 'debian.sources'}"),
        *("-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::Etc::preferences={folder / 'preferences'}"),
        *("-o", "Dir::Etc::preferencesparts=-"),
        *("-o", f"Dir::State::lists={folder / 'lists'}"),
        *("-o", f"Dir::Cache={folder / 'cache'}"),
        *("-o", f"DPkg::Lock::Timeout={_DPKG_LOCK_SECONDS}"),
    ]


def _pin(suite: str) -> str:
    # 100 is apt's priority for what is installed already: enough to be asked for by name, never chosen by itself.
    return f"Package: *\nPin: release n={suite}\nPin-Priority: 100\n"


def _os_release(etc: Path) -> dict[str, str]:
    """os-release(5) as a mapping; empty when the system has none."""
    try:
        text = (etc / "os-release").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: value.strip("\"'") for name, _, value in pairs}
