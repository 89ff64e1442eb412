"""The packages that a private engine needs, on the Debians that have them."""

import shutil
from collections.abc import Mapping

from orchestrator.errors import ProgramMissingError
from orchestrator.tools.debian.apt import Apt, Debian, Package, debian
from orchestrator.tools.engine import emulation

# Debian's suite with the first Docker that has BuildKit, buildx and the containerd image store (23 or later), by the
# suite that runs here. It needs libc 2.34, which Debian 11 does not have.
_DOCKER_SUITES = {"bookworm": "trixie", "trixie": "", "forky": "", "sid": ""}
_PROGRAMS = {
    "dockerd": "docker.io",
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
}
_DOCKERS = frozenset({"docker.io", "docker-cli", "docker-buildx", "containerd"})


def is_packaged(system: Debian) -> bool:
    """Whether this Debian's own suite has a Docker that is new enough."""
    return _DOCKER_SUITES.get(system.codename) == ""


async def missing_packages(apt: Apt, environment: Mapping[str, str]) -> tuple[Package, ...]:
    """What has to be installed before an engine can be started; raises ProgramMissingError where that cannot be."""
    path = environment.get("PATH")
    missing = [package for name, package in _PROGRAMS.items() if shutil.which(name, path=path) is None]
    if shutil.which("docker", path=path) is None:
        missing += ["docker-cli", "docker-buildx"]
    elif (await apt.runner.run(("docker", "buildx", "version"), check=False)).returncode:
        missing.append("docker-buildx")
    if not missing:
        return ()
    system = debian(apt.etc)
    if system is None or apt.obstacle():
        raise ProgramMissingError(
            f"no Docker answers, and {' '.join(missing)} cannot be installed: {apt.obstacle()}; "
            "install Docker 23 or later with buildx, or set DOCKER_HOST to one"
        )
    if system.codename not in _DOCKER_SUITES:
        raise ProgramMissingError(
            f"Debian {system.codename} has no Docker that is new enough; install Docker 23 or later with buildx"
        )
    suite = _DOCKER_SUITES[system.codename]
    names = [*missing, "tini", *(emulation.PACKAGES if "docker.io" in missing else ())]
    return tuple(Package(name, suite if name in _DOCKERS else "") for name in names)
