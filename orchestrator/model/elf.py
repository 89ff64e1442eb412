"""Which machine an ELF program is for."""

# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
HEADER_BYTES = 20
_MAGIC = b"\x7fELF"
_LITTLE_ENDIAN, _BIG_ENDIAN = 1, 2


def machine(header: bytes) -> int | None:
    """`e_machine` of the first 20 bytes of a file, or None if it is not ELF."""
    if len(header) < HEADER_BYTES or not header.startswith(_MAGIC) or header[5] not in (_LITTLE_ENDIAN, _BIG_ENDIAN):
        return None
    return int.from_bytes(header[18:20], "little" if header[5] == _LITTLE_ENDIAN else "big")
