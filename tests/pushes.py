"""What a builder pushes by itself: a registry that holds it, and what buildx notes of it."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

from orchestrator.model.oci import OCI_INDEX, OCI_MANIFEST, Document
from orchestrator.model.references import Repository
from tests.fakes import FakeRegistry

STAGING = Repository("registry.example", "staging/staging-amd64")
"""Where the samples for amd64 are staged."""
PIECE_BYTES = 100_000


class Pushes(FakeRegistry):
    """A registry that holds what a builder pushed: the documents and blobs of a layout."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.streamed = 0
        for path in sorted((root / "blobs" / "sha256").iterdir()):
            self.hold(path.read_bytes())

    def hold(self, content: bytes) -> str:
        """Store a manifest or index; everything else is only a blob."""
        for media_type in (OCI_INDEX, OCI_MANIFEST):
            try:
                document = Document(media_type, content)
            except ValueError:
                continue
            self.documents[str(STAGING.at(document.digest))] = document
            return document.digest
        return ""

    async def blob(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        return self._path(digest).read_bytes()

    async def stream_blob(self, repository: Repository, digest: str) -> AsyncGenerator[bytes, None]:
        content = self._path(digest).read_bytes()
        for start in range(0, len(content), PIECE_BYTES):
            self.streamed += 1
            yield content[start : start + PIECE_BYTES]

    def _path(self, digest: str) -> Path:
        return self.root / "blobs" / "sha256" / digest.removeprefix("sha256:")


def noted(root: Path, digest: str = "") -> Path:
    """What buildx notes of a push of this layout."""
    top = json.loads((root / "index.json").read_text())["manifests"][0]["digest"]
    metadata = root.with_name("metadata.json")
    metadata.write_text(json.dumps({"containerimage.digest": digest or top}))
    return metadata
