"""Platforms as OCI writes them, and the one-word arch names that stand for them."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """An OCI platform, written ``os/architecture[/variant]``."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        match text.split("/"):
            case [os, architecture] if os and architecture:
                return cls(os, architecture)
            case [os, architecture, variant] if os and architecture and variant:
                return cls(os, architecture, variant)
        raise ValueError(f"{text!r} is not a platform; write it like linux/amd64 or linux/arm/v7")

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

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
    raise ValueError(f"{name!r} is not an arch; there are {', '.join(ARCHES)}")


def arch_of(platform: Platform) -> Arch | None:
    """The arch that a platform belongs to, or None; os.version plays no part."""
    wanted = platform.normal
    return next((arch for arch in ARCHES.values() if arch.platform.normal == wanted), None)
