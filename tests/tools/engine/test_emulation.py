"""Emulation: the tiny programs that find out what runs, and what is told to the kernel."""

import struct
from pathlib import Path

import pytest

from orchestrator.errors import LocalOutputError
from orchestrator.model.platforms import ARCHES
from orchestrator.tools.engine.emulation import PROBES, program, register, runnable
from tests.fake_runner import Answer, FakeRunner


def test_every_arch_with_programs_has_a_probe() -> None:
    assert set(PROBES) == {arch.elf_machine for arch in ARCHES.values() if arch.elf_machine}


@pytest.mark.parametrize("machine", sorted(PROBES))
def test_a_probe_is_a_program_of_its_machine(machine: int) -> None:
    content = program(machine)

    order = ">" if content[5] == 2 else "<"
    assert content[:4] == b"\x7fELF"
    assert struct.unpack_from(f"{order}HH", content, 16) == (2, machine)


async def test_an_arch_runs_when_its_probe_ends_as_told(tmp_path: Path) -> None:
    """As root with another root folder; 22 is s390x, 40 all of Arm's 32-bit arches."""
    names = ["s390x", "arm32v5", "arm32v7", "riscv64"]
    runner = FakeRunner({r"chroot \S+ /(22|40)$": Answer(42), r"chroot \S+ /243$": Answer(126)})

    found = await runnable(names, runner=runner, state=tmp_path, as_root=True)

    assert found == {"s390x", "arm32v5", "arm32v7"}
    assert sorted(command[0] for command in runner.asked) == ["chroot"] * 3
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240  nobody else waits for this loop


async def test_a_program_that_ends_well_is_not_ours(tmp_path: Path) -> None:
    assert await runnable(["s390x"], runner=FakeRunner(), state=tmp_path, as_root=False) == frozenset()


async def test_a_place_that_takes_no_programs_is_told(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.touch()

    with pytest.raises(LocalOutputError, match="Not a directory; small programs that show what runs here"):
        await runnable(["s390x"], runner=FakeRunner(), state=state, as_root=True)


async def test_windows_is_never_emulated(tmp_path: Path) -> None:
    runner = FakeRunner()

    assert await runnable(["windows-amd64"], runner=runner, state=tmp_path, as_root=True) == frozenset()
    assert runner.asked == []


@pytest.mark.parametrize(
    ("mounted", "expected"),
    [
        (True, [("update-binfmts", "--enable")]),
        (
            False,
            [
                ("mount", "--types", "binfmt_misc", "binfmt_misc", "{folder}"),
                ("update-binfmts", "--enable"),
            ],
        ),
    ],
)
async def test_binfmt_misc_is_mounted_once(tmp_path: Path, mounted: bool, expected: list[tuple[str, ...]]) -> None:
    if mounted:
        (tmp_path / "register").touch()
    runner = FakeRunner()

    await register(runner, binfmt=tmp_path)

    assert runner.asked == [tuple(word.format(folder=tmp_path) for word in command) for command in expected]
