import pytest

from orchestrator.model.elf import HEADER_BYTES, machine
from orchestrator.model.platforms import ARCHES

LITTLE, BIG = 1, 2


def header(order: int, number: bytes) -> bytes:
    return b"\x7fELF" + bytes([2, order]) + bytes(12) + number


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (header(LITTLE, b"\x3e\x00"), ARCHES["amd64"].elf_machine),
        (header(BIG, b"\x00\x16"), ARCHES["s390x"].elf_machine),
        (header(LITTLE, b"\xf3\x00"), ARCHES["riscv64"].elf_machine),
        (header(LITTLE, b"\x02\x01"), 258),
        (header(BIG, b"\x01\x02") + b"more", 258),
    ],
)
def test_the_machine_is_read_in_the_order_of_bytes_that_the_header_names(content: bytes, expected: int) -> None:
    assert machine(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"#!/bin/sh\nexec true\n",
        header(LITTLE, b"\x3e\x00")[: HEADER_BYTES - 1],
        header(0, b"\x3e\x00"),
        header(3, b"\x3e\x00"),
        b"\x7fELG" + header(LITTLE, b"\x3e\x00")[4:],
    ],
)
def test_what_is_not_elf_has_no_machine(content: bytes) -> None:
    assert machine(content) is None
