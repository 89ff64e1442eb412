import gzip
import hashlib
from pathlib import Path

import pytest

from orchestrator.errors import LocalOutputError
from orchestrator.model.debian_bases import Layer
from orchestrator.tools.layers import compress

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
