"""Platforms as OCI writes them, and the one-word arch names that stand for them."""

import re
from dataclasses import dataclass
from typing import Self

_WORD = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """An OCI platform, written ``os/architecture[/variant]``."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        words = text.split("/")
        if len(words) in (2, 3) and all(_WORD.fullmatch(word) for word in words):
            return cls(*words)
        raise ValueError(f"{text!r} is not a platform; write it like linux/amd64 or linux/arm/v7")

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def is_windows(self) -> bool:
        return self.os == "windows"

    @property
    def normal(self) -> "Platform":
        """The same platform with the variant that is meant when none is given (bare arm is v7, bare arm64 v8)."""
        implied = _IMPLIED_VARIANTS.get(self.architecture, "")
        return self if self.variant else Platform(self.os, self.architecture, implied)


_IMPLIED_VARIANTS = {"arm": "v7", "arm64": "v8"}


@dataclass(frozen=True, slots=True)
class Arch:
    """What one arch name stands for; the name itself is bashbrew's (oci-platform.go)."""

    name: str
    platform: Platform
    namespace: str
    debian: str = ""
    """The name in Debian's archive; empty where Debian has no such port."""
    elf_machine: int = 0
    """``e_machine`` of the ELF specification; 0 where programs are not ELF."""


def _arch(name: str, platform: str, *, debian: str = "", elf_machine: int = 0) -> Arch:
    namespace = name.replace("windows-", "win") if name.startswith("windows-") else name
    return Arch(name, Platform.parse(platform), namespace, debian, elf_machine)


ARCHES: dict[str, Arch] = {
    arch.name: arch
    for arch in (
        _arch("amd64", "linux/amd64", debian="amd64", elf_machine=62),
        _arch("arm32v5", "linux/arm/v5", debian="armel", elf_machine=40),
        _arch("arm32v6", "linux/arm/v6", elf_machine=40),
        _arch("arm32v7", "linux/arm/v7", debian="armhf", elf_machine=40),
        _arch("arm64v8", "linux/arm64/v8", debian="arm64", elf_machine=183),
        _arch("i386", "linux/386", debian="i386", elf_machine=3),
        _arch("mips64le", "linux/mips64le", debian="mips64el", elf_machine=8),
        _arch("ppc64le", "linux/ppc64le", debian="ppc64el", elf_machine=21),
        _arch("riscv64", "linux/riscv64", debian="riscv64", elf_machine=243),
        _arch("s390x", "linux/s390x", debian="s390x", elf_machine=22),
        _arch("windows-amd64", "windows/amd64"),
    )
}
"""Every arch we know, in the order that an index lists them."""


def arch(name: str) -> Arch:
    """The arch of that name; raises ValueError that lists the names there are."""
    if name in ARCHES:
        return ARCHES[name]
    meant = [arch.name for arch in ARCHES.values() if name and name in _names_elsewhere(arch)]
    hint = f"did you mean `{meant[0]}`?" if meant else f"there are {', '.join(ARCHES)}"
    raise ValueError(f"{name!r} is not an arch; {hint}")


def _names_elsewhere(arch: Arch) -> tuple[str, ...]:
    """What Debian, the OCI and `uname -m` call the machine."""
    machines = (machine for machine, name in _MACHINES.items() if name == arch.name)
    return (arch.debian, str(arch.platform), arch.platform.architecture, *machines)


def arch_of(platform: Platform) -> Arch | None:
    """The arch that a platform belongs to, or None; os.version plays no part."""
    wanted = platform.normal
    return next((arch for arch in ARCHES.values() if arch.platform.normal == wanted), None)


_MACHINES = {
    "x86_64": "amd64",
    "AMD64": "amd64",
    "aarch64": "arm64v8",
    "arm64": "arm64v8",
    "armv5tejl": "arm32v5",
    "armv5tel": "arm32v5",
    "armv6l": "arm32v6",
    "armv7l": "arm32v7",
    "armv8l": "arm32v7",
    "i386": "i386",
    "i686": "i386",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}


def native_arch(machine: str) -> Arch:
    """The arch of a machine by what `uname -m` says; raises ValueError."""
    if machine in _MACHINES:
        return ARCHES[_MACHINES[machine]]
    raise ValueError(f"{machine!r} is a machine that we know no arch for; there are {', '.join(_MACHINES)}")
