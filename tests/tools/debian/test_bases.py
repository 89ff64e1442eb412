from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import InputError, LocalOutputError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.model.debian.bases import Recipe
from orchestrator.model.oci import OCI_INDEX, Document
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.debian.bases import Imported, Workshop, import_base
from orchestrator.tools.debian.roots import Tools
from tests.tools.debian.test_roots import PROGRAM, FakeArchive, FakeRunner

BUSYBOX = Recipe("busybox", "trixie")
PLACE = Reference("127.0.0.1:5000", "library/busybox", "trixie")
FILES = {"usr/bin/busybox": PROGRAM, "usr/share/doc/busybox-static/copyright": b"GPL-2"}


class FakeRegistry:
    """Keeps what it is given and notes what was new."""

    def __init__(self, documents: Mapping[str, Document] | None = None) -> None:
        self.documents = dict(documents or {})
        self.blobs: dict[str, bytes] = {}
        self.written: list[str] = []

    async def document(self, reference: Reference) -> Document | None:
        return self.documents.get(str(reference))

    async def put_blob(self, repository: Repository, digest: str, size: int, source: Path | bytes) -> object:
        content = source if isinstance(source, bytes) else _content(source)
        if len(content) != size:
            raise AssertionError(f"{digest}: {len(content)} bytes, said to be {size}")
        if self.blobs.setdefault(digest, content) is content:
            self.written.append(digest)
        return None

    async def put_document(self, reference: Reference, document: Document) -> bool:
        if self.documents.get(str(reference)) == document:
            return False
        self.documents[str(reference)] = document
        self.written.append(str(reference))
        return True


class BrokenArchive(FakeArchive):
    """Lacks the packages of one arch."""

    async def download(self, package: str, *, suite: str, arch_name: str, into: Path) -> Path:
        if arch_name == "s390x":
            raise UnavailableError("the mirror is down")
        return await super().download(package, suite=suite, arch_name=arch_name, into=into)


def _content(file: Path) -> bytes:
    return file.read_bytes()


def workshop(
    state: Path, registry: FakeRegistry, *, archive: FakeArchive | None = None, able: frozenset[str] = frozenset()
) -> Workshop:
    return Workshop(
        tools=Tools(archive or FakeArchive(), FakeRunner(FILES), as_root=True),
        registry=registry,
        address="127.0.0.1:5000",
        state=state,
        native="amd64",
        able=able,
    )


async def test_a_base_is_made_for_each_arch_and_joined(tmp_path: Path) -> None:
    registry = FakeRegistry()

    imported = await import_base(BUSYBOX, ["amd64", "s390x"], workshop(tmp_path, registry))

    children = registry.documents[str(PLACE)].children
    assert [str(child.platform) for child in children] == ["linux/amd64", "linux/s390x"]
    assert imported == tuple(
        Imported(BUSYBOX, arch, PLACE.pinned(child.digest), changed=True)
        for arch, child in zip(("amd64", "s390x"), children, strict=True)
    )
    manifest = registry.documents[str(PLACE.pinned(children[0].digest))]
    assert {blob.digest for blob in manifest.blobs} <= set(registry.blobs)


async def test_made_again_nothing_is_pushed(tmp_path: Path) -> None:
    registry = FakeRegistry()
    await import_base(BUSYBOX, ["amd64"], workshop(tmp_path, registry))
    registry.written.clear()

    again = await import_base(BUSYBOX, ["amd64"], workshop(tmp_path, registry))

    assert [each.changed for each in again] == [False]
    assert registry.written == []


async def test_an_arch_made_later_joins_those_that_are_there(tmp_path: Path) -> None:
    registry = FakeRegistry()
    await import_base(BUSYBOX, ["s390x"], workshop(tmp_path, registry))

    await import_base(BUSYBOX, ["amd64"], workshop(tmp_path, registry))

    platforms = [str(child.platform) for child in registry.documents[str(PLACE)].children]
    assert platforms == ["linux/amd64", "linux/s390x"]


async def test_all_arches_are_those_of_the_suite(tmp_path: Path) -> None:
    imported = await import_base(BUSYBOX, ["all"], workshop(tmp_path, FakeRegistry()))

    assert [each.arch for each in imported] == ["amd64", "s390x"]


async def test_an_arch_that_the_suite_lacks_is_refused_with_those_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Debian trixie has no arm64v8; it has amd64, s390x"):
        await import_base(BUSYBOX, ["amd64", "arm64v8"], workshop(tmp_path, FakeRegistry()))


async def test_when_one_arch_fails_nothing_is_published(tmp_path: Path) -> None:
    registry = FakeRegistry()

    with pytest.raises(UnavailableError, match="the mirror is down"):
        await import_base(BUSYBOX, ["amd64", "s390x"], workshop(tmp_path, registry, archive=BrokenArchive()))

    assert str(PLACE) not in registry.documents


async def test_an_image_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    official = Document(OCI_INDEX, b'{"schemaVersion":2,"manifests":[]}')
    registry = FakeRegistry({str(PLACE): official})

    with pytest.raises(InputError, match="was not made by `orchestrator bases import`, so it is left alone"):
        await import_base(BUSYBOX, ["amd64"], workshop(tmp_path, registry))

    assert registry.documents == {str(PLACE): official}


@pytest.mark.parametrize(
    ("able", "error"),
    [({"amd64"}, "this machine cannot run programs of s390x; `orchestrator engine up`"), ({"amd64", "s390x"}, "")],
)
async def test_whole_systems_need_a_machine_that_runs_their_programs(
    tmp_path: Path, able: set[str], error: str
) -> None:
    work = workshop(tmp_path, FakeRegistry(), able=frozenset(able))

    # The fake makes no archive, so that getting that far is the proof.
    expected: type[OrchestratorError] = ProgramMissingError if error else OrchestratorError
    with pytest.raises(expected, match=error or "the layer cannot be written"):
        await import_base(Recipe("debian", "trixie"), ["s390x"], work)


async def test_nothing_is_left_of_the_work_nor_of_a_run_that_was_cut_off(tmp_path: Path) -> None:
    cut_off = tmp_path / "bases" / "import-before"
    cut_off.mkdir(parents=True)
    (cut_off / "root.tar").write_bytes(b"half")

    await import_base(BUSYBOX, ["amd64"], workshop(tmp_path, FakeRegistry()))

    assert [path.name for path in (tmp_path / "bases").iterdir()] == ["lock"]


async def test_a_state_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"a file where the folder should be")

    with pytest.raises(LocalOutputError, match="Not a directory; become its owner"):
        await import_base(BUSYBOX, ["amd64"], workshop(tmp_path / "state", FakeRegistry()))
