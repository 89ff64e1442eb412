"""The package databases of a layer, taken out while it streams by; nothing is written to disk."""

import tarfile
import zlib
from collections.abc import AsyncIterator
from typing import IO, Self

from orchestrator.errors import ContractBrokenError
from orchestrator.model.report.package_databases import Found, hidden_by, is_database
from orchestrator.tools import piped

FILES_MAX_BYTES = 64 * 1024 * 1024
"""Of all databases in a layer; that of a Debian with a thousand packages has one or two."""
LAYER_MAX_BYTES = 64 * 1024**3
"""Of a layer when it is unpacked; a few kilobytes may stand for more than a machine ever gets through."""

_HEADER_MAX_BYTES = 1024 * 1024
_HEADERS = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.XHDTYPE,
    }
)


async def package_files(pieces: AsyncIterator[bytes], *, layer: str) -> Found:
    """What a layer, a tar archive plain or compressed, brings of the databases, and what it hides of them.

    Raises ContractBrokenError, which names the `layer`, for what is no such archive or larger than anything that is
    meant well.
    """
    try:
        return await piped.read(pieces, _found)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ContractBrokenError(f"layer {layer} cannot be read: {error}") from error


class _Member(tarfile.TarInfo):
    """A member whose name and attributes are of a length that may be held in memory, which tarfile does unasked."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _HEADERS and member.size > _HEADER_MAX_BYTES:
            raise tarfile.ReadError(f"a name or attribute of {member.size} bytes")
        return member


def _found(file: IO[bytes]) -> Found:
    files: dict[str, bytes] = {}
    hidden: set[str] = set()
    with tarfile.open(fileobj=file, mode="r|*", tarinfo=_Member) as layer:
        for member in layer:
            if member.offset_data + member.size > LAYER_MAX_BYTES:
                raise tarfile.ReadError(f"it unpacks to more than {LAYER_MAX_BYTES} bytes")
            path = member.name.removeprefix("./").strip("/")
            if gone := hidden_by(path):
                hidden.add(gone)
            content = layer.extractfile(member) if member.isreg() and is_database(path) else None
            if content is not None:
                if member.size + sum(map(len, files.values())) > FILES_MAX_BYTES:
                    raise tarfile.ReadError(f"package databases of more than {FILES_MAX_BYTES} bytes")
                files[path] = content.read()
    return Found(files, frozenset(hidden))
