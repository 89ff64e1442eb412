"""What was built comes into staging under digests, and under its build ID last."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError, InputError, OrchestratorError, TagMovedError, UnavailableError
from orchestrator.model.oci import DOCKER_MANIFEST, OCI_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.plan import Build, Plan
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.reasons import LastStaged
from orchestrator.model.platforms import Platform
from orchestrator.model.publishing.index import assemble, members
from orchestrator.model.references import Repository
from orchestrator.tools.keepers import keeper
from orchestrator.tools.layout import Layout, read
from orchestrator.tools.registry.sources import Source
from orchestrator.tools.registry.uploads import Outcome as Upload
from orchestrator.tools.staging import find, image_of, index_of, push, tag
from tests.fakes import FakeRegistry
from tests.samples import MadeLayout, attestation_entry, build, image_entry, index_document, layout

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
INDEX = index_document(image_entry("linux/amd64"))
OTHER = index_document(image_entry("linux/amd64"), attestation_entry(digest_of(b"linux/amd64")))


def staged(build: Build) -> Document:
    """An index as staging has it, with what it remembers."""
    return assemble(members(INDEX, arch="amd64"), annotations=build.kept.annotations)


async def test_what_is_staged_is_asked_for_once_and_what_is_new_is_left_out() -> None:
    registry = FakeRegistry({str(AMD64.staging): INDEX})

    found = await find(Plan((AMD64, S390X, AMD64)), registry)

    assert found == {AMD64.staging: INDEX.digest}
    assert sorted(registry.asked) == sorted(map(str, (AMD64.staging, S390X.staging, S390X.pointer)))


async def test_of_what_is_not_staged_the_last_build_is_found_with_its_inputs() -> None:
    old = replace(AMD64, inputs=replace(AMD64.inputs, build_args={}))
    last = staged(old)

    found = await find(Plan((AMD64,)), FakeRegistry({str(AMD64.pointer): last}))

    assert found == {AMD64.staging: LastStaged(last.digest, old.kept)}


async def test_a_last_build_that_does_not_tell_its_inputs_is_found_all_the_same() -> None:
    found = await find(Plan((AMD64,)), FakeRegistry({str(AMD64.pointer): INDEX}))

    assert found == {AMD64.staging: LastStaged(INDEX.digest, None)}


async def test_what_cannot_be_asked_is_the_builds_own_value() -> None:
    registry = FakeRegistry({str(S390X.staging): INDEX})
    registry.unreadable[str(AMD64.staging)] = error = UnavailableError("503")

    assert await find(Plan((AMD64, S390X)), registry) == {AMD64.staging: error, S390X.staging: INDEX.digest}


async def test_a_pointer_that_cannot_be_read_keeps_nothing_from_being_built() -> None:
    registry = FakeRegistry()
    registry.unreadable[str(AMD64.pointer)] = UnavailableError("503")

    assert await find(Plan((AMD64,)), registry) == {
        AMD64.staging: LastStaged("", None, "what was staged last cannot be read: 503")
    }


async def test_a_push_brings_all_under_digests_and_names_nothing(tmp_path: Path) -> None:
    built = read(layout(tmp_path, "amd64"))
    registry = FakeRegistry()

    index = await push(built, AMD64, registry)

    repository = AMD64.staging.repository
    assert sorted(registry.uploaded) == sorted(str(repository.at(blob.digest)) for blob in built.blobs)
    assert set(registry.written) == {
        str(repository.at(document.digest)) for document in (built.image, built.attestations[0][1], index)
    }
    assert registry.written[-1] == str(repository.at(index.digest))
    assert image_of(index).digest == built.image.digest
    assert [child.subject for child in index.children] == ["", built.image.digest]
    assert KeptInputs.of(dict(index.annotations)) == AMD64.kept


FOREIGN_TYPE = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
BASES = Repository("mirror.example", "windows/servercore")


class Shelf(FakeRegistry):
    """A registry that notes where blobs are brought from, and has some."""

    def __init__(self, has: Collection[str] = ()) -> None:
        super().__init__()
        self.has = has
        self.brought: dict[str, Source] = {}

    async def blob_size(self, repository: Repository, digest: str) -> int | None:
        return 1 if digest in self.has else None

    async def put_blob(
        self, repository: Repository, digest: str, size: int, source: Source, *, mount_from: Sequence[Repository] = ()
    ) -> Upload:
        self.brought[digest] = source
        return Upload.UPLOADED


def windows_layout(root: Path) -> tuple[Layout, str, str]:
    """A layout of an image of Windows without its first, foreign layer; with the digests of its layers."""
    made = MadeLayout(root)
    config = b'{"os": "windows", "architecture": "amd64", "os.version": "10.0.26100.1", "os.features": ["win32k"]}'
    own, foreign = (
        made.blob(b"own", "application/x.tar"),
        made.blob(b"foreign", FOREIGN_TYPE, urls=["https://l.example"]),
    )
    document = {
        "schemaVersion": 2,
        "config": made.blob(config, "application/vnd.docker.container.image.v1+json"),
        "layers": [foreign, own],
    }
    made.entries.append(made.blob(json.dumps(document).encode(), DOCKER_MANIFEST))
    made.close()
    made.path(foreign["digest"]).unlink()
    return read(root, elsewhere={foreign["digest"]: BASES}), foreign["digest"], own["digest"]


WINDOWS = build("2.0/windowsservercore-ltsc2025@windows-amd64")


async def test_a_layer_that_is_elsewhere_is_brought_from_there(tmp_path: Path) -> None:
    built, foreign, own = windows_layout(tmp_path)
    registry = Shelf(has={foreign})

    await push(built, WINDOWS, registry)

    assert (registry.brought[foreign], registry.brought[own]) == (BASES, built.blob(own))


async def test_a_layer_that_its_licence_keeps_elsewhere_is_left_there(tmp_path: Path) -> None:
    built, foreign, _ = windows_layout(tmp_path)
    registry = Shelf()

    index = await push(built, WINDOWS, registry)

    assert foreign not in registry.brought
    assert image_of(index) == Descriptor(
        DOCKER_MANIFEST,
        built.image.digest,
        built.image.size,
        platform=Platform("windows", "amd64"),
        os_version="10.0.26100.1",
        os_features=("win32k",),
    )


async def test_a_registry_that_allows_no_layers_elsewhere_is_told_to(tmp_path: Path) -> None:
    built, _, _ = windows_layout(tmp_path)
    registry = Shelf()
    registry.failing[str(WINDOWS.staging.repository.at(built.image.digest))] = InputError("500 (MANIFEST_INVALID)")

    with pytest.raises(
        InputError,
        match=r"^500 \(MANIFEST_INVALID\); 1 of its layers may only be had from elsewhere, and this registry does not",
    ):
        await push(built, WINDOWS, registry)


async def test_an_image_that_a_registry_refuses_for_another_reason_is_told_as_it_is(tmp_path: Path) -> None:
    built = read(layout(tmp_path, "amd64"))
    registry = FakeRegistry()
    registry.failing[str(AMD64.staging.repository.at(built.image.digest))] = InputError("400 (MANIFEST_INVALID)")

    with pytest.raises(InputError, match=r"^400 \(MANIFEST_INVALID\)$"):
        await push(built, AMD64, registry)


async def test_a_tested_index_gets_the_build_id_and_then_the_name_of_the_last_build() -> None:
    registry = FakeRegistry()

    assert await tag(AMD64, INDEX, registry) == INDEX
    assert registry.written == [str(AMD64.staging), str(AMD64.pointer)]
    assert registry.documents == {str(AMD64.staging): INDEX, str(AMD64.pointer): INDEX}


def keepers(index: Document) -> list[str]:
    return sorted(str(keeper(AMD64.staging.repository.at(child.digest))) for child in index.children)


def holding(index: Document) -> FakeRegistry:
    """A registry with the manifests below an index in staging; which they are does not matter here."""
    return FakeRegistry({str(AMD64.staging.repository.at(child.digest)): INDEX for child in index.children})


async def test_what_is_kept_alive_has_tags_of_its_own_before_the_build_has_its_name() -> None:
    registry = holding(OTHER)

    await tag(AMD64, OTHER, registry, keep_alive=True)

    assert len(keepers(OTHER)) == 2
    assert sorted(registry.written[:2]) == keepers(OTHER)
    assert registry.written[2:] == [str(AMD64.staging), str(AMD64.pointer)]


async def test_of_two_runs_the_index_that_stays_is_kept_alive() -> None:
    registry = holding(OTHER)
    registry.documents[str(AMD64.staging)] = OTHER

    await tag(AMD64, INDEX, registry, keep_alive=True)

    assert sorted(registry.written) == sorted([*keepers(OTHER), str(AMD64.pointer)])


async def test_the_index_of_a_faster_run_stays() -> None:
    registry = FakeRegistry({str(AMD64.staging): OTHER})

    assert await tag(AMD64, INDEX, registry) == OTHER
    assert registry.documents == {str(AMD64.staging): OTHER, str(AMD64.pointer): OTHER}


async def test_the_index_of_a_run_that_came_in_between_stays() -> None:
    registry = FakeRegistry()
    registry.failing[str(AMD64.staging)] = TagMovedError("somebody else's appeared")
    registry.before_writing = lambda reference: registry.documents.update({str(AMD64.staging): OTHER})

    assert await tag(AMD64, INDEX, registry) == OTHER


async def test_a_forced_build_replaces_what_is_there() -> None:
    registry = FakeRegistry({str(AMD64.staging): OTHER})

    assert await tag(build("2.0/trixie@amd64", forced="packages are old"), INDEX, registry) == INDEX
    assert registry.documents == {str(AMD64.staging): INDEX, str(AMD64.pointer): INDEX}


@pytest.mark.parametrize("error", [TagMovedError("another job"), UnavailableError("503")])
async def test_a_build_is_staged_though_it_cannot_be_noted_as_the_last(error: OrchestratorError) -> None:
    registry = FakeRegistry()
    registry.failing[str(AMD64.pointer)] = error

    assert await tag(AMD64, INDEX, registry) == INDEX
    assert registry.documents == {str(AMD64.staging): INDEX}


async def test_something_else_under_a_build_id_is_refused() -> None:
    manifest = Document(
        OCI_MANIFEST,
        b'{"schemaVersion": 2, "layers": [], "config": {"mediaType": "x/y", "size": 1, "digest": "sha256:%s"}}'
        % (b"a" * 64),
    )
    registry = FakeRegistry({str(AMD64.staging): manifest})

    with pytest.raises(ContractBrokenError, match=r"expected an index, found application/vnd\.oci\.image\.manifest"):
        await index_of(AMD64, registry)


@pytest.mark.parametrize("platforms", [(), ("linux/amd64", "linux/s390x")])
def test_an_index_of_several_images_is_not_one_of_a_single_build(platforms: tuple[str, ...]) -> None:
    index = index_document(*map(image_entry, platforms))

    with pytest.raises(ContractBrokenError, match=f"holds {len(platforms)} images, expected one"):
        image_of(index)


async def test_how_much_has_arrived_is_told_after_each_blob(tmp_path: Path) -> None:
    made = read(layout(tmp_path / "layout"))
    told: list[tuple[int, int]] = []

    await push(made, AMD64, FakeRegistry(), arrived=lambda count, total: told.append((count, total)))

    sizes = [blob.size for blob in made.blobs]
    assert told == [(sum(sizes[: number + 1]), sum(sizes)) for number in range(len(sizes))]
