"""Reads what an engine saves of an image, in every form that engines have had, and believes none of it unchecked."""

import io
import json
import tarfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from orchestrator.errors import ContractBrokenError, LocalOutputError
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import MAX_DOCUMENT_BYTES, Document, digest_of
from orchestrator.tools.layers import diff_id

_LIST = "manifest.json"
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """An image as an engine saved it."""

    content: bytes
    """Its configuration, the very bytes."""
    config: ImageConfig
    layers: Mapping[str, Path]
    """The archives of its layers but the known ones, plain or in gzip, by the digests of their plain form."""


def read(chunks: Iterable[bytes], into: Path, *, image: str, known: Collection[str]) -> Saved:
    """Read the archive of one image as it comes, its files going to a folder.

    `known` are digests of layers, plain or compressed, that nobody needs; `image` is the image's ID: the digest of its
    configuration, or, in an engine with containerd's image store, of its manifest. Engines save an OCI layout, older
    ones a folder for each layer. `manifest.json` stands in both and names the configuration; which file is which layer,
    its content says. Raises ContractBrokenError and LocalOutputError.
    """
    files = _files(chunks, into, known=known)
    try:
        content = files.text(_config_name(files.text(_LIST)))
        config = ImageConfig.parse(content)
        is_other = image != digest_of(content) and _config_digest(files, image) != digest_of(content)
    except ValueError as error:
        raise ContractBrokenError(f"what the engine saved of {image} is no image: {error}") from error
    if is_other:
        raise ContractBrokenError(f"the engine saved another image than {image}, which it built")
    wanted = [found for found in dict.fromkeys(config.diff_ids) if found not in known]
    if missing := [found for found in wanted if found not in files.contents]:
        raise ContractBrokenError(f"the engine saved {image} without its layers {', '.join(missing)}")
    return Saved(content, config, {found: files.contents[found] for found in wanted})


@dataclass(frozen=True, slots=True)
class _Files:
    names: dict[str, Path] = field(default_factory=dict)
    """By what the archive calls them, which is no path here."""
    contents: dict[str, Path] = field(default_factory=dict)
    """By the digest of the content without its compression."""

    def text(self, name: str) -> bytes:
        """A small file; raises ValueError where there is none."""
        path = self.names.get(name)
        if path is None or path.stat().st_size > MAX_DOCUMENT_BYTES:
            raise ValueError(f"it has no {name}, or one of more than {MAX_DOCUMENT_BYTES} bytes")
        return path.read_bytes()


def _files(chunks: Iterable[bytes], into: Path, *, known: Collection[str]) -> _Files:
    files = _Files()
    skipped = {digest.partition(":")[2] for digest in known}
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Stream(chunks), _CHUNK_BYTES), mode="r|") as archive:
            for number, member in enumerate(archive):
                # Where a layer stands there twice, older engines link to the first.
                if not member.isreg() or skipped & set(member.name.split("/")):
                    continue
                path = into / f"{number}"
                _copy(archive.extractfile(member), path)
                if (digest := diff_id(path)) in known:
                    path.unlink()
                    continue
                files.names[member.name] = files.contents[digest] = path
    except (tarfile.TarError, EOFError) as error:
        raise ContractBrokenError(f"what the engine saved of the image is no archive: {error}") from error
    return files


def _config_name(listed: bytes) -> str:
    """Which file is the configuration, from the list of the images in the archive, which must be one."""
    value: Any = json.loads(listed)
    match value:
        case [{"Config": str(name)}]:
            return name
    raise ValueError(f"{_LIST} does not list one image with its `Config`")


def _config_digest(files: _Files, manifest: str) -> str:
    path = files.contents.get(manifest)
    config = Document.parse(path.read_bytes(), "").config if path else None
    return config.digest if config else ""


def _copy(source: IO[bytes] | None, path: Path) -> None:
    # What breaks while it is read is the connection to the engine; what breaks while it is written is our disk.
    with path.open("wb", buffering=0) as file:
        while source is not None and (chunk := source.read(_CHUNK_BYTES)):
            try:
                file.write(chunk)
            except OSError as error:
                raise LocalOutputError(f"{path}: {error.strerror}; the image cannot be kept there") from error


class _Stream(io.RawIOBase):
    """Chunks of any size as a file that is read from its beginning to its end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and (chunk := next(self._chunks, None)) is not None:
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
