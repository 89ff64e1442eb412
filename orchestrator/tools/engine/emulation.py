"""What this machine's kernel can run: of its own, and through the emulators registered with binfmt_misc."""

import asyncio
import contextlib
import os
import struct
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import LocalOutputError
from orchestrator.model.platforms import ARCHES
from orchestrator.tools.debian.apt import Apt, Package
from orchestrator.tools.process import Runner

BINFMT = Path("/proc/sys/fs/binfmt_misc")
PACKAGES = ("qemu-user-static", "binfmt-support")
_PROBE_STATUS = 42
_PROBE_SECONDS = 20
_LOAD_ADDRESS = 0x400000
_PAGE_BYTES = 0x10000


@dataclass(frozen=True, slots=True)
class Probe:
    """A program for one machine that does nothing but exit with status 42."""

    elf_class: int
    """1: 32 bit, 2: 64 bit."""
    big_endian: bool
    flags: int
    code: str
    """Machine code in hexadecimal: load 42 and the number of the `exit` system call, call the kernel."""


# By `e_machine`. Call numbers: syscall(2) and the kernel's syscall tables; flags: the psABI of each processor.
PROBES: dict[int, Probe] = {
    3: Probe(1, big_endian=False, flags=0, code="bb2a000000 b801000000 cd80"),
    8: Probe(2, big_endian=False, flags=0x60000000, code="2a000424 c2130224 0c000000"),
    21: Probe(2, big_endian=False, flags=2, code="01000038 2a006038 02000044"),
    22: Probe(2, big_endian=True, flags=0, code="a729002a 0a01"),
    40: Probe(1, big_endian=False, flags=0x05000000, code="2a00a0e3 0170a0e3 000000ef"),
    62: Probe(2, big_endian=False, flags=0, code="bf2a000000 b83c000000 0f05"),
    183: Probe(2, big_endian=False, flags=0, code="400580d2 a80b80d2 010000d4"),
    243: Probe(2, big_endian=False, flags=0, code="1305a002 9308d005 73000000"),
}


def program(machine: int) -> bytes:
    """A static ELF executable for an `e_machine` that only exits with status 42 (System V ABI, chapter 4)."""
    probe = PROBES[machine]
    wide = probe.elf_class == 2
    order = ">" if probe.big_endian else "<"
    code = bytes.fromhex(probe.code)
    header_bytes, segment_bytes = (64, 56) if wide else (52, 32)
    offset = header_bytes + segment_bytes
    size = offset + len(code)
    word = "Q" if wide else "I"
    ident = b"\x7fELF" + bytes([probe.elf_class, 2 if probe.big_endian else 1, 1]) + bytes(9)
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH",
        *(2, machine, 1, _LOAD_ADDRESS + offset, header_bytes, 0, probe.flags),
        *(header_bytes, segment_bytes, 1, 0, 0, 0),
    )
    load, readable_executable = 1, 5
    addresses = (0, _LOAD_ADDRESS, _LOAD_ADDRESS)
    if wide:
        segment = (load, readable_executable, *addresses, size, size, _PAGE_BYTES)
        return ident + header + struct.pack(f"{order}II6Q", *segment) + code
    segment = (load, *addresses, size, size, readable_executable, _PAGE_BYTES)
    return ident + header + struct.pack(f"{order}8I", *segment) + code


async def runnable(names: Collection[str], *, runner: Runner, state: Path, as_root: bool) -> frozenset[str]:
    """Which of these arches run here, found out by running a tiny program of each.

    As root they run with another root folder, as in a container: an emulator that the kernel cannot reach from there
    (registered without flag F) does not count. Raises LocalOutputError where the programs cannot be kept.
    """
    by_machine = {machine: {name for name in names if ARCHES[name].elf_machine == machine} for machine in PROBES}
    wanted = {machine: group for machine, group in by_machine.items() if group}
    # In our own folder when there is one: programs in /tmp may be forbidden to run.
    try:
        with tempfile.TemporaryDirectory(prefix="probe-", dir=state if os.access(state, os.W_OK) else None) as folder:
            runs = await asyncio.gather(*(_runs(machine, Path(folder), runner, as_root=as_root) for machine in wanted))
    except OSError as error:
        raise LocalOutputError(
            f"{error.filename or state}: {error.strerror}; small programs that show what runs here are kept there"
        ) from error
    return frozenset(name for group, works in zip(wanted.values(), runs, strict=True) if works for name in group)


async def set_up(apt: Apt, *, binfmt: Path = BINFMT) -> None:
    """Install the emulators and register them with the kernel, as root; safe to repeat."""
    await apt.install([Package(name) for name in PACKAGES])
    await register(apt.runner, binfmt=binfmt)


async def register(runner: Runner, *, binfmt: Path = BINFMT) -> None:
    """Register the installed emulators with the kernel, as root: after a restart nobody else may have done it."""
    if not (binfmt / "register").exists():
        await runner.run(("mount", "--types", "binfmt_misc", "binfmt_misc", str(binfmt)))
    await runner.run(("update-binfmts", "--enable"))


async def _runs(machine: int, folder: Path, runner: Runner, *, as_root: bool) -> bool:
    file = folder / str(machine)
    file.write_bytes(program(machine))
    file.chmod(0o700)
    command = ("chroot", str(folder), f"/{machine}") if as_root else ("env", str(file))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PROBE_SECONDS):
            return (await runner.run(command, check=False)).returncode == _PROBE_STATUS
    return False
