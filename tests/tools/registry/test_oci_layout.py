"""Tests of reading an OCI layout."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError, InputError
from orchestrator.model.oci import OCI_MANIFEST, digest_of
from orchestrator.tools.registry.oci_layout import OciLayout
from tests.samples import MadeLayout, layout

NOTHING = digest_of(b"nothing")


async def test_what_the_index_names_is_read(tmp_path: Path) -> None:
    place = OciLayout(layout(tmp_path))

    (top,) = (await place.index()).children
    document = await place.document(top)

    assert document is not None
    assert (document.digest, len(document.children)) == (top.digest, 2)


async def test_a_blob_is_given_whole_or_in_pieces(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.blob(b"content", "text/plain")
    place = OciLayout(tmp_path)

    whole = await place.blob(digest_of(b"content"), max_bytes=7)
    pieces = b"".join([piece async for piece in place.stream(digest_of(b"content"))])

    assert (whole, pieces, await place.size(digest_of(b"content"))) == (b"content", b"content", 7)


async def test_what_is_not_there_is_absent(tmp_path: Path) -> None:
    place = OciLayout(layout(tmp_path))
    (top,) = (await place.index()).children
    (tmp_path / "blobs" / "sha256" / top.digest[7:]).unlink()

    assert (await place.document(top), await place.size(NOTHING)) == (None, None)
    with pytest.raises(ContractBrokenError, match="there is no such file"):
        await place.blob(NOTHING, max_bytes=1)
    with pytest.raises(ContractBrokenError, match="no such file or directory"):
        [piece async for piece in place.stream(NOTHING)]


def _other(path: Path) -> None:
    path.write_bytes(b"CONTENT")


def _link(path: Path) -> None:
    path.replace(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _long(path: Path) -> None:
    path.write_bytes(b"content" * 2)


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (_other, "holds content of sha256:"),
        (_link, "too many levels of symbolic links"),
        (_pipe, "not a plain file"),
        (_long, "longer than the 7 bytes|holds content of"),
    ],
)
async def test_what_is_another_content_is_not_given(
    tmp_path: Path, harm: Callable[[Path], object], problem: str
) -> None:
    made = MadeLayout(tmp_path)
    made.blob(b"content", "text/plain")
    harm(made.path(digest_of(b"content")))

    with pytest.raises(ContractBrokenError, match=problem):
        await OciLayout(tmp_path).blob(digest_of(b"content"), max_bytes=7)
    with pytest.raises(ContractBrokenError, match=problem):
        [piece async for piece in OciLayout(tmp_path).stream(digest_of(b"content"))]


@pytest.mark.parametrize("text", [None, "", "{}x", "[]"])
async def test_a_folder_that_is_no_layout_is_told_as_such(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "index.json").write_text(text)

    with pytest.raises(InputError, match=r"index\.json: .*; expected the folder of an OCI layout"):
        await OciLayout(tmp_path).index()


async def test_a_document_that_is_none_is_out_of_contract(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.names([made.blob(b"{}", OCI_MANIFEST)])
    place = OciLayout(tmp_path)

    with pytest.raises(ContractBrokenError, match="/schemaVersion: is missing"):
        await place.document((await place.index()).children[0])


async def test_what_speaks_of_a_document_is_found_in_the_index(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    image = made.image("amd64")
    subject = f'{{"mediaType": "{OCI_MANIFEST}", "digest": "{image}", "size": 1}}'
    config = f'{{"mediaType": "text/plain", "digest": "{NOTHING}", "size": 7}}'
    signature = made.blob(
        f'{{"schemaVersion": 2, "subject": {subject}, "config": {config}, "layers": []}}'.encode(), OCI_MANIFEST
    )
    made.names([*made.entries, signature])

    found = await OciLayout(tmp_path).referrers(image)

    assert [each.digest for each in found] == [signature["digest"]]
