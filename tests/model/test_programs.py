import pytest

from orchestrator.model.programs import programs_of


@pytest.mark.parametrize(
    ("arch", "format_", "runs"),
    [
        ("amd64", "ELF", {62}),
        ("arm32v5", "ELF", {40}),
        ("s390x", "ELF", {22}),
        ("windows-amd64", "PE", {0x8664, 0x14C}),
    ],
)
def test_an_arch_has_programs_of_its_operating_system(arch: str, format_: str, runs: set[int]) -> None:
    found = programs_of(arch)

    assert (found.format, set(found.runs)) == (format_, runs)


@pytest.mark.parametrize(
    ("arch", "machine", "name"),
    [
        ("amd64", 183, "arm64v8"),
        ("amd64", 40, "arm32v5/arm32v6/arm32v7"),
        ("amd64", 258, "ELF machine 258"),
        ("windows-amd64", 0xAA64, "PE machine 43620"),
    ],
)
def test_machines_are_called_as_arches_where_they_are_known(arch: str, machine: int, name: str) -> None:
    assert programs_of(arch).name_of(machine) == name


def test_the_beginning_of_a_program_tells_its_machine() -> None:
    elf = b"\x7fELF" + bytes([2, 1]) + bytes(12) + (62).to_bytes(2, "little")

    assert programs_of("amd64").machine(elf) == 62
    assert programs_of("windows-amd64").machine(elf) is None
    assert len(elf) == programs_of("amd64").header_bytes
