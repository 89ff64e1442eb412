"""Which machine a Windows program is for."""

# https://learn.microsoft.com/windows/win32/debug/pe-format: 0x3c in the old DOS header says where the new one begins.
HEADER_BYTES = 1024
"""Enough for the programs of every usual linker, whose DOS header is a few hundred bytes long."""
_MAGIC = b"MZ"
_PLACE = slice(0x3C, 0x40)
_SIGNATURE = b"PE\0\0"

MACHINES = {"amd64": frozenset({0x8664, 0x14C}), "arm64": frozenset({0xAA64})}
"""`Machine` by the OCI's name of the architecture. Windows on amd64 runs i386 too, and .NET marks by that what runs
anywhere."""


def machine(header: bytes) -> int | None:
    """`Machine` of the first bytes of a file, or None if it is no Windows program."""
    place = int.from_bytes(header[_PLACE], "little")
    end = place + len(_SIGNATURE) + 2
    if not header.startswith(_MAGIC) or end > len(header) or header[place : place + len(_SIGNATURE)] != _SIGNATURE:
        return None
    return int.from_bytes(header[end - 2 : end], "little")
