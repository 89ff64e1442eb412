"""Which programs run on an arch, told by the headers of their files."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.model import elf, pe
from orchestrator.model.platforms import ARCHES


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of an arch's operating system."""

    format: str
    header_bytes: int
    """So much of a file's beginning tells its machine."""
    machine: Callable[[bytes], int | None]
    """The machine that a program is for, from its header; None for what is no program."""
    names: dict[int, str]
    """What the machines are called here."""
    runs: frozenset[int]
    """The machines whose programs run on the arch."""

    def name_of(self, machine: int) -> str:
        return self.names.get(machine, f"{self.format} machine {machine}")


def programs_of(arch_name: str) -> Programs:
    """How to tell the programs of an arch from others."""
    wanted = ARCHES[arch_name]
    if wanted.platform.is_windows:
        return Programs("PE", pe.HEADER_BYTES, pe.machine, {}, pe.MACHINES[wanted.platform.architecture])
    return replace(ELF, runs=frozenset({wanted.elf_machine}))


_ELF_NAMES = {
    machine: "/".join(name for name, arch in ARCHES.items() if arch.elf_machine == machine)
    for machine in {arch.elf_machine for arch in ARCHES.values()} - {0}
}

ELF = Programs("ELF", elf.HEADER_BYTES, elf.machine, _ELF_NAMES, frozenset())
"""How to tell programs that are not for Windows, whatever arch they run on."""
