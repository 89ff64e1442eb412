"""Debian's archive as this machine's own apt reaches it."""

from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import ProgramMissingError, UnavailableError
from orchestrator.model.debian.release import Release
from orchestrator.model.platforms import ARCHES
from orchestrator.tools.debian.apt import Apt, debian
from orchestrator.tools.debian.apt_sources import Mirror, sources, with_suite


@dataclass(frozen=True, slots=True)
class DebianArchive:
    """Any suite of the mirrors that the machine's apt sources name."""

    apt: Apt
    updates: bool
    """Whether a suite comes with its updates and security updates."""

    async def release(self, suite: str, *, arch_name: str) -> Release:
        text = await self.apt.release(suite=suite, architecture=ARCHES[arch_name].debian)
        try:
            return Release.parse(text)
        except ValueError as error:
            raise UnavailableError(f"Debian's archive: {suite}: {error}") from error

    async def download(self, package: str, *, suite: str, arch_name: str, into: Path) -> Path:
        architecture = ARCHES[arch_name].debian
        files = await self.apt.download([package], suite=suite, architecture=architecture, into=into)
        if not files:
            raise UnavailableError(f"apt downloaded no {package} of {suite} for {architecture}")
        return files[0]

    def sources(self, suite: str) -> str:
        system = debian(self.apt.etc)
        if system is None:
            raise ProgramMissingError(f"cannot read Debian's archive: {self.apt.obstacle()}")
        try:
            return sources(suite_mirrors(system.mirrors, suite, updates=self.updates))
        except ValueError as error:
            raise ProgramMissingError(f"{error}; add one to apt's sources") from error


def suite_mirrors(known: tuple[Mirror, ...], suite: str, *, updates: bool) -> tuple[Mirror, ...]:
    """Where a suite is had, with its updates where the machine has them for its own; raises ValueError."""
    main = next(mirror for mirror in with_suite(known, suite) if suite in mirror.suites)
    pockets = [pocket for pocket in ("-updates", "-security") if updates and suite not in _WITHOUT_UPDATES]
    found = [replace(main, suites=(suite,), components=("main",))]
    for pocket in pockets:
        mirror = next((mirror for mirror in known if any(name.endswith(pocket) for name in mirror.suites)), None)
        if mirror:
            found.append(replace(mirror, suites=(f"{suite}{pocket}",), components=("main",)))
    return tuple(found)


_WITHOUT_UPDATES = ("sid", "unstable")
