"""Tests of what is kept on disk between runs; that it decides nothing is tested in tests/faults/test_runs.py."""

import os
from pathlib import Path

import pytest

from orchestrator.model.oci import OCI_INDEX, Document, digest_of
from orchestrator.model.references import Reference
from orchestrator.tools.registry.kept import Kept
from tests.samples import index_document

PLACE = Reference("registry.example", "a/b", "1.0")
OTHER = Reference("registry.example", "a/b", "2.0")
DOCUMENT = index_document()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_what_is_kept_is_found_under_its_own_name_alone(tmp_path: Path) -> None:
    Kept(tmp_path).keep_document(PLACE, DOCUMENT)

    later = Kept(tmp_path)

    assert [later.document(place) for place in (PLACE, OTHER, PLACE.pinned(DOCUMENT.digest))] == [
        DOCUMENT,
        None,
        None,
    ]


async def test_a_blob_is_found_by_its_digest(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    await kept.keep_blob(digest_of(b"abc"), b"abc")

    assert [await kept.blob(digest) for digest in (digest_of(b"abc"), digest_of(b""), "sha256:x")] == [
        b"abc",
        None,
        None,
    ]


async def test_a_name_that_was_moved_is_not_believed(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.keep_document(PLACE, DOCUMENT)
    (of_place,) = (tmp_path / "names").iterdir()
    kept.keep_document(OTHER, index_document_with("other"))
    (of_other,) = {*(tmp_path / "names").iterdir()} - {of_place}

    of_place.replace(of_other)

    assert kept.document(OTHER) is None


def index_document_with(note: str) -> Document:
    content = DOCUMENT.content.replace(b"{", f'{{"annotations": {{"note": "{note}"}}, '.encode(), 1)
    return Document.parse(content, OCI_INDEX)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"reference": 1}'])
async def test_a_damaged_name_is_a_miss(tmp_path: Path, content: bytes) -> None:
    kept = Kept(tmp_path)
    kept.keep_document(PLACE, DOCUMENT)
    for name in (tmp_path / "names").iterdir():
        name.write_bytes(content)

    assert kept.document(PLACE) is None


async def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    kept = Kept(tmp_path / "file")

    kept.keep_document(PLACE, DOCUMENT)
    await kept.tidy()

    assert kept.document(PLACE) is None


async def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    kept = Kept(tmp_path, max_bytes=100)
    contents = [bytes([number]) * 30 for number in range(4)]
    for age, content in enumerate(contents):
        await kept.keep_blob(digest_of(content), content)
        os.utime(tmp_path / "contents" / digest_of(content)[7:], (1000 + age, 1000 + age))
    await kept.blob(digest_of(contents[0]))  # used just now

    await kept.tidy()

    left = [await kept.blob(digest_of(content)) is not None for content in contents]
    assert left == [True, False, False, True]


async def test_a_run_that_adds_nothing_does_not_tidy(tmp_path: Path) -> None:
    await Kept(tmp_path).keep_blob(digest_of(b"abc"), b"abc")

    await Kept(tmp_path, max_bytes=1).tidy()

    assert len(files(tmp_path)) == 1
