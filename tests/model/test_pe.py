import pytest

from orchestrator.model.pe import HEADER_BYTES, MACHINES, machine


def header(number: int, *, place: int = 0x80, signature: bytes = b"PE\0\0", magic: bytes = b"MZ") -> bytes:
    dos = magic.ljust(0x3C, b"\0") + place.to_bytes(4, "little")
    return (dos.ljust(place, b"\0") + signature + number.to_bytes(2, "little")).ljust(HEADER_BYTES, b"\0")


@pytest.mark.parametrize("place", [0x40, 0x80, 0x118, HEADER_BYTES - 6])
def test_the_machine_stands_where_the_old_header_says(place: int) -> None:
    assert machine(header(0x8664, place=place)) == 0x8664


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ",
        b"\x7fELF" + bytes(100),
        header(0x8664)[:0x85],
        header(0x8664, signature=b"NE\0\0"),
        header(0x8664, magic=b"ZM"),
        header(0x8664, place=HEADER_BYTES)[:HEADER_BYTES],
        b"MZ".ljust(0x3C, b"\0") + b"\xff\xff\xff\xff" + bytes(100),
    ],
)
def test_what_is_no_windows_program_has_no_machine(content: bytes) -> None:
    assert machine(content) is None


def test_the_programs_of_one_architecture_do_not_run_on_another() -> None:
    assert MACHINES["amd64"] & MACHINES["arm64"] == frozenset()
