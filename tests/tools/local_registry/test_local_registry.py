"""What is remembered of the local registry, and what is said of one that does not run."""

import json
from pathlib import Path

import pytest

from orchestrator.tools.local_registry import LocalRegistry, served
from orchestrator.tools.local_registry.lifecycle import down, status

NOTHING: dict[str, str] = {}


def remember(state: Path, text: str) -> None:
    (state / "registry").mkdir()
    (state / "registry" / "place.json").write_text(text)


async def test_before_its_first_start_there_is_no_address(tmp_path: Path) -> None:
    known = await status(state=tmp_path, environment=NOTHING)

    assert known == LocalRegistry("", running=False, storage=str(tmp_path / "registry" / "data"))
    assert await served(tmp_path) is None


async def test_a_stopped_one_keeps_its_address(tmp_path: Path) -> None:
    remember(tmp_path, json.dumps({"address": "127.0.0.1:5003", "container": ""}))

    known = await status(state=tmp_path, environment=NOTHING)

    assert known == LocalRegistry("127.0.0.1:5003", running=False, storage=str(tmp_path / "registry" / "data"))
    assert await served(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"address": "127.0.0.1:5000"}'])
async def test_a_memory_that_is_damaged_is_none(tmp_path: Path, text: str) -> None:
    remember(tmp_path, text)

    assert (await status(state=tmp_path, environment=NOTHING)).address == ""


async def test_purge_without_a_registry_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "registry" / "data").mkdir(parents=True)

    stopped = await down(state=tmp_path, environment=NOTHING, purge=True)

    assert not stopped
    assert not (tmp_path / "registry").exists()
