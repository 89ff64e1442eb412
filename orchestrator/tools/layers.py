"""Compresses the tar archive of a layer into the form in which registries store it."""

import gzip
import hashlib
import io
from pathlib import Path

from orchestrator.errors import LocalOutputError
from orchestrator.model.debian_bases import Layer

_CHUNK_BYTES = 1024 * 1024
_LEVEL = 6


def compress(archive: Path | bytes, into: Path) -> Layer:
    """Write the gzip form of a tar archive; the same archive gives the same bytes. Raises LocalOutputError."""
    plain = hashlib.sha256()
    try:
        with (
            io.BytesIO(archive) if isinstance(archive, bytes) else archive.open("rb") as source,
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
