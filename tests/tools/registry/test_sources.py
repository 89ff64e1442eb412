"""Tests of what blobs are uploaded from."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError, InputError, LocalOutputError
from orchestrator.model.oci import digest_of
from orchestrator.model.references import Repository
from orchestrator.tools.registry.sources import Body, Source, check_size, digest_of_source

ELSEWHERE = Repository("r.example.org", "a/b")


async def streamed(repository: Repository, digest: str) -> AsyncGenerator[bytes, None]:
    yield f"{repository} {digest}".encode()


async def broken(repository: Repository, digest: str) -> AsyncGenerator[bytes, None]:
    yield b"half"
    raise ContractBrokenError("not what was asked for")


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 3 * 1024 * 1024 + 7])
async def test_content_comes_whole_in_pieces_and_again_when_asked_again(size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    (tmp_path / "blob").write_bytes(content)
    for source in (content, tmp_path / "blob"):
        body = Body(source, stream=streamed, digest="sha256:1")

        pieces = [[chunk async for chunk in body.chunks()] for _ in range(2)]

        assert [b"".join(chunks) for chunks in pieces] == [content, content]
        assert all(len(chunk) <= 1024 * 1024 for chunks in pieces for chunk in chunks)


async def test_content_of_another_registry_is_read_as_it_is_written() -> None:
    body = Body(ELSEWHERE, stream=streamed, digest="sha256:1")

    assert [chunk async for chunk in body.chunks()] == [b"r.example.org/a/b sha256:1"]


@pytest.mark.parametrize(
    ("source", "expected"), [(Path("/nonexistent/blob"), LocalOutputError), (ELSEWHERE, ContractBrokenError)]
)
async def test_our_own_failure_is_told_apart_from_the_registrys(source: Source, expected: type[Exception]) -> None:
    body = Body(source, stream=broken, digest="sha256:1")
    with pytest.raises((OSError, ContractBrokenError)):
        [chunk async for chunk in body.chunks()]

    with pytest.raises(expected):
        body.raise_own_failure()


async def test_local_content_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"1234")

    for source in (b"1234", tmp_path / "blob", ELSEWHERE):
        await check_size(source, 4, what="uploading")
    for source in (b"1234", tmp_path / "blob"):
        with pytest.raises(InputError, match="uploading: expected 5 bytes, the local content has 4"):
            await check_size(source, 5, what="uploading")


async def test_local_content_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"uploading: {tmp_path}/blob: No such file"):
        await check_size(tmp_path / "blob", 5, what="uploading")


async def test_the_digest_of_local_content_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"1234")

    found = [await digest_of_source(source) for source in (b"1234", tmp_path / "blob", ELSEWHERE)]

    assert found == [digest_of(b"1234"), digest_of(b"1234"), None]
