"""The lock between processes; a second handle on the file stands for another process."""

import asyncio
import fcntl
from pathlib import Path

import pytest

from orchestrator.errors import LocalOutputError
from orchestrator.tools.locks import locked


async def test_a_second_holder_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []

    async def hold(name: str, *, seconds: float) -> None:
        async with locked(tmp_path / "lock"):
            order.append(f"{name} in")
            await asyncio.sleep(seconds)
            order.append(f"{name} out")

    async with asyncio.TaskGroup() as group:
        group.create_task(hold("first", seconds=0.1))
        group.create_task(hold("second", seconds=0))

    assert order == ["first in", "first out", "second in", "second out"]


async def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"):
        async with locked(tmp_path / "lock"):
            raise ValueError("inside")

    with (tmp_path / "lock").open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_waiting_for_a_lock_can_be_cancelled(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "lock"
    file.parent.mkdir()
    with file.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), locked(file):
                pytest.fail("two hold one lock")


async def test_a_place_where_no_lock_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LocalOutputError, match="Not a directory; become its owner, or set ORCHESTRATOR_STATE"):
        async with locked(tmp_path / "file" / "folder" / "lock"):
            pytest.fail("nothing is locked")
