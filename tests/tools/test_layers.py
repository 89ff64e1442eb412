import gzip
import hashlib
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError, LocalOutputError
from orchestrator.model.debian.bases import Layer
from orchestrator.tools.layers import compress, diff_id

ARCHIVE = b"a tar archive" * 1000


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_layer_is_named_before_and_after_compression(tmp_path: Path) -> None:
    layer = compress(ARCHIVE, tmp_path / "layer")

    stored = (tmp_path / "layer").read_bytes()
    assert gzip.decompress(stored) == ARCHIVE
    assert layer == Layer(digest(ARCHIVE), digest(stored), len(stored))


def test_an_archive_on_disk_gives_the_same_bytes_whatever_the_names(tmp_path: Path) -> None:
    (tmp_path / "root.tar").write_bytes(ARCHIVE)

    assert compress(tmp_path / "root.tar", tmp_path / "one") == compress(ARCHIVE, tmp_path / "two")


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalOutputError, match="the layer cannot be written there"):
        compress(ARCHIVE, tmp_path / "missing" / "layer")


def test_an_archive_in_another_gzip_form_gives_the_same_layer(tmp_path: Path) -> None:
    (tmp_path / "engine.gz").write_bytes(gzip.compress(ARCHIVE, compresslevel=1, mtime=7))

    assert compress(tmp_path / "engine.gz", tmp_path / "one") == compress(ARCHIVE, tmp_path / "two")


@pytest.mark.parametrize(
    "content", [ARCHIVE, gzip.compress(ARCHIVE), gzip.compress(ARCHIVE[:9]) + gzip.compress(ARCHIVE[9:])]
)
def test_an_archive_is_named_by_its_plain_form(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)

    assert diff_id(tmp_path / "archive") == digest(ARCHIVE)


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b", gzip.compress(ARCHIVE)[:-4], b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 9]
)
def test_gzip_that_is_damaged_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)

    with pytest.raises(ContractBrokenError, match="a layer is damaged"):
        diff_id(tmp_path / "archive")


def test_an_archive_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalOutputError, match="the layer cannot be read there"):
        diff_id(tmp_path / "missing")
