"""Tests of verifying images; real registries and real damage are in tests/faults/test_storage.py."""

import gzip
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, NotAuthorisedError, OrchestratorError
from orchestrator.model.oci import OCI_INDEX, OCI_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.platforms import ARCHES
from orchestrator.model.verification import Part, State, Verification
from orchestrator.tools.registry.oci_layout import OciLayout
from orchestrator.tools.registry.retry import RegistryUnavailableError
from orchestrator.tools.verify import verify
from tests.samples import MadeLayout, program, tar


def made(root: Path, *, arch: str = "amd64", holds: str = "amd64") -> MadeLayout:
    """A layout of one image of one layer, with provenance."""
    platform = ARCHES[arch].platform
    layout = MadeLayout(root)
    layer = tar({"bin/tool": program(holds)})
    diff_ids = [digest_of(gzip.decompress(layer))]
    config = {"os": platform.os, "architecture": platform.architecture, "rootfs": {"diff_ids": diff_ids}}
    if platform.variant:
        config["variant"] = platform.variant
    layout.attestation(layout.image(arch, layer, config=json.dumps(config).encode()))
    layout.close()
    return layout


async def verified(root: Path, *, deep: bool = True) -> Verification:
    place = OciLayout(root)
    return await verify(place, {"index.json": await place.index()}, deep=deep)


def found(verification: Verification) -> list[tuple[State, Part, str, tuple[str, ...]]]:
    return [
        (problem.state, problem.need.part, problem.need.descriptor.digest, problem.need.needed_by)
        for problem in verification.problems
    ]


@pytest.mark.parametrize(("deep", "layers", "seen"), [(True, 1, 0), (False, 0, 1)])
async def test_a_whole_image_has_no_problems(tmp_path: Path, *, deep: bool, layers: int, seen: int) -> None:
    made(tmp_path)

    result = await verified(tmp_path, deep=deep)

    counts = {Part.INDEX: 2, Part.MANIFEST: 1, Part.ATTESTATION: 1, Part.CONFIG: 2, Part.STATEMENT: 1}
    assert (result.problems, result.code, result.seen) == ((), ExitCode.DONE, seen)
    assert result.proven == ({**counts, Part.LAYER: layers} if layers else counts)


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(
    ("harm", "deep", "state"),
    [(Path.unlink, True, State.MISSING), (_longer, True, State.DAMAGED), (Path.unlink, False, State.MISSING)],
)
@pytest.mark.parametrize(("position", "part"), [(None, Part.MANIFEST), (0, Part.CONFIG), (1, Part.LAYER)])
async def test_each_part_that_is_missing_or_damaged_is_named(
    tmp_path: Path, position: int | None, part: Part, harm: Callable[[Path], object], *, deep: bool, state: State
) -> None:
    layout = made(tmp_path, arch="arm64v8", holds="arm64v8")
    manifest = Document.parse(layout.path(layout.entries[0]["digest"]).read_bytes(), OCI_MANIFEST)
    digest = manifest.digest if position is None else manifest.blobs[position].digest
    harm(layout.path(digest))

    result = await verified(tmp_path, deep=deep)

    assert found(result) == [(state, part, digest, ("index.json linux/arm64/v8",))]
    assert result.code == ExitCode.CONTRACT_BROKEN


async def test_programs_for_another_machine_are_wrong(tmp_path: Path) -> None:
    made(tmp_path, arch="arm64v8", holds="amd64")

    result = await verified(tmp_path)

    assert [problem.what for problem in result.problems] == [
        "it holds programs for amd64, its image is for linux/arm64/v8"
    ]


async def test_what_is_whole_but_no_layer_is_wrong_and_no_damage_of_the_registry(tmp_path: Path) -> None:
    layout = MadeLayout(tmp_path)
    layout.image("amd64", b"no archive")
    layout.close()

    result = await verified(tmp_path)

    assert [state for state, part, *_ in found(result) if part is Part.LAYER] == [State.WRONG]


@pytest.mark.parametrize("layer_type", ["tar+zstd", "tar+gzip+encrypted"])
async def test_of_a_layer_that_cannot_be_unpacked_here_the_bytes_are_proven(tmp_path: Path, layer_type: str) -> None:
    layout = MadeLayout(tmp_path)
    layout.image("amd64", b"unreadable", layer_type=layer_type)
    layout.close()

    result = await verified(tmp_path)

    assert ([part for _, part, *_ in found(result)], result.proven[Part.LAYER]) == ([Part.CONFIG], 1)


@pytest.mark.parametrize("deep", [True, False])
async def test_a_layer_that_its_licence_keeps_elsewhere_may_be_absent(tmp_path: Path, *, deep: bool) -> None:
    layout = made(tmp_path)
    image = layout.entries[0]
    body = json.loads(layout.path(image["digest"]).read_bytes())
    body["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    layout.path(body["layers"][0]["digest"]).unlink()
    layout.names([layout.blob(json.dumps(body).encode(), OCI_MANIFEST, platform=image["platform"])])

    assert (await verified(tmp_path, deep=deep)).problems == ()


async def test_a_layer_of_another_size_is_seen_without_reading_it(tmp_path: Path) -> None:
    layout = made(tmp_path)
    manifest = Document.parse(layout.path(layout.entries[0]["digest"]).read_bytes(), OCI_MANIFEST)
    _longer(layout.path(manifest.layers[0].digest))

    result = await verified(tmp_path, deep=False)

    size = manifest.layers[0].size
    assert [(problem.state, problem.what) for problem in result.problems] == [
        (State.DAMAGED, f"it has {size + 1} bytes, its manifest says {size}")
    ]


async def test_indexes_without_end_are_wrong(tmp_path: Path) -> None:
    layout = MadeLayout(tmp_path)
    entry = layout.blob(b'{"schemaVersion": 2, "manifests": []}', OCI_INDEX)
    for _ in range(5):
        entry = layout.blob(json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(), OCI_INDEX)
    layout.names([entry])

    result = await verified(tmp_path)

    assert [problem.what for problem in result.problems] == ["indexes nest deeper than 4"]


@dataclass
class Moody:
    """A place that cannot always answer."""

    layout: OciLayout
    failing: Mapping[str, OrchestratorError]
    read: list[str] = field(default_factory=list)

    async def document(self, descriptor: Descriptor) -> Document | None:
        self._fail(descriptor.digest)
        return await self.layout.document(descriptor)

    async def size(self, digest: str) -> int | None:
        self._fail(digest)
        return await self.layout.size(digest)

    async def blob(self, digest: str, *, max_bytes: int) -> bytes:
        self._fail(digest)
        return await self.layout.blob(digest, max_bytes=max_bytes)

    def stream(self, digest: str) -> AsyncGenerator[bytes, None]:
        self._fail(digest)
        return self.layout.stream(digest)

    async def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        return await self.layout.referrers(digest)

    def _fail(self, digest: str) -> None:
        self.read.append(digest)
        if error := self.failing.get(digest):
            raise error


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (RegistryUnavailableError("busy", status=503), State.UNKNOWN, ExitCode.UNAVAILABLE),
        (RegistryUnavailableError("it fails", status=500), State.DAMAGED, ExitCode.CONTRACT_BROKEN),
        (NotAuthorisedError("refused"), State.UNKNOWN, ExitCode.NOT_AUTHORISED),
    ],
)
async def test_what_cannot_be_looked_at_is_no_damage_unless_only_it_fails(
    tmp_path: Path, error: OrchestratorError, state: State, code: ExitCode
) -> None:
    layout = made(tmp_path)
    image = layout.entries[0]["digest"]
    place = Moody(OciLayout(tmp_path), {image: error})

    result = await verify(place, {"1.0": await place.layout.index()}, deep=True)

    assert (found(result), result.code) == ([(state, Part.MANIFEST, image, ("1.0 linux/amd64",))], code)


async def test_each_part_is_read_once_however_many_need_it(tmp_path: Path) -> None:
    layout = made(tmp_path)
    layout.names([{**entry, "annotations": {"name": str(number)}} for number in range(3) for entry in layout.entries])
    place = Moody(OciLayout(tmp_path), {})

    await verify(place, {"1.0": await place.layout.index(), "1": await place.layout.index()}, deep=True)

    assert len(place.read) == len(set(place.read)) == 6
