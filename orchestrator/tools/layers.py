"""Layers between their two forms: the plain tar archive, and its gzip form in which registries store it."""

import contextlib
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import ContractBrokenError, LocalOutputError
from orchestrator.model.debian.bases import Layer

_CHUNK_BYTES = 1024 * 1024
_LEVEL = 6
_GZIP_MAGIC = b"\x1f\x8b"


def compress(archive: Path | bytes, into: Path) -> Layer:
    """Write the gzip form of a tar archive, which may be in some gzip form already; equal archives give equal bytes.

    Raises LocalOutputError, and ContractBrokenError where what seems to be gzip is none.
    """
    plain = hashlib.sha256()
    try:
        with (
            _plain(archive) as source,
            into.open("wb") as file,
            # Neither name nor time go into the header, for they would change the digest.
            gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0) as target,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                plain.update(chunk)
                target.write(chunk)
        with into.open("rb") as written:
            compressed = hashlib.file_digest(written, "sha256")
    except OSError as error:
        raise LocalOutputError(f"{into}: {error.strerror}; the layer cannot be written there") from error
    return Layer(f"sha256:{plain.hexdigest()}", f"sha256:{compressed.hexdigest()}", into.stat().st_size)


def diff_id(archive: Path) -> str:
    """The digest of a tar archive without its compression; raises what `compress` raises."""
    found = hashlib.sha256()
    try:
        with _plain(archive) as source:
            while chunk := source.read(_CHUNK_BYTES):
                found.update(chunk)
    except OSError as error:
        raise LocalOutputError(f"{archive}: {error.strerror}; the layer cannot be read there") from error
    return f"sha256:{found.hexdigest()}"


@contextlib.contextmanager
def _plain(archive: Path | bytes) -> Iterator[BinaryIO | gzip.GzipFile]:
    with io.BytesIO(archive) if isinstance(archive, bytes) else archive.open("rb") as file:
        is_gzip = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        if not is_gzip:
            yield file
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ContractBrokenError(f"a layer is damaged: {error}") from error
