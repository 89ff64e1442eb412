"""What a builder says that it pushed, against what a registry has."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.model.platforms import Platform
from orchestrator.tools import pushed
from tests.fakes import FakeRegistry
from tests.pushes import STAGING, Pushes, noted
from tests.samples import MadeLayout, index_document, layout, program, tar


async def test_an_image_is_read_with_its_attestation(tmp_path: Path) -> None:
    root = layout(tmp_path / "layout")
    registry = Pushes(root)

    made = await pushed.read(noted(root), STAGING, registry)

    [(descriptor, attestation)] = made.attestations
    assert (made.platform, made.os_version, made.os_features) == (Platform("linux", "amd64"), "", ())
    assert (descriptor.subject, descriptor.digest) == (made.image.digest, attestation.digest)
    assert set(made.blobs) == {*made.image.blobs, *attestation.blobs}
    assert made.blob(made.image.layers[0].digest) == STAGING


def two_images(root: Path) -> MadeLayout:
    made = MadeLayout(root)
    made.image("amd64", tar({}))
    made.image("s390x", tar({}))
    return made


def of_another(root: Path) -> MadeLayout:
    made = MadeLayout(root)
    made.image("amd64", tar({}))
    made.attestation("sha256:" + "0" * 64)
    return made


def malformed(root: Path) -> MadeLayout:
    made = MadeLayout(root)
    made.image("amd64", tar({}), config=b"[]")
    return made


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (two_images, "holds 2 images, expected one of a single build"),
        (of_another, "the builder pushed attestations of another image: sha256:"),
        (malformed, "its configuration: expected a JSON object"),
    ],
)
async def test_what_is_not_one_image_is_refused(
    tmp_path: Path, make: Callable[[Path], MadeLayout], expected: str
) -> None:
    root = make(tmp_path / "layout").close()

    with pytest.raises(ContractBrokenError, match=expected):
        await pushed.read(noted(root), STAGING, Pushes(root))


async def test_what_is_not_there_was_not_pushed(tmp_path: Path) -> None:
    root = layout(tmp_path / "layout")
    registry = Pushes(root)
    absent = index_document().digest

    with pytest.raises(ContractBrokenError, match=f"{absent}: the builder says it pushed that, but it is not there"):
        await pushed.read(noted(root, absent), STAGING, registry)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "buildx did not note what the builder pushed: .*No such file"),
        ("", "buildx did not note what the builder pushed"),
        ("[]", "buildx did not note what the builder pushed"),
        ("{}", "buildx did not note what the builder pushed: 'containerimage.digest'"),
        ('{"containerimage.digest": "sha256:1"}', "'sha256:1' is not a sha256 digest"),
    ],
)
async def test_a_push_that_was_not_noted_well_is_refused(tmp_path: Path, text: str | None, expected: str) -> None:
    metadata = tmp_path / "metadata.json"
    if text is not None:
        metadata.write_text(text)

    with pytest.raises(ContractBrokenError, match=rf"metadata\.json: {expected}"):
        await pushed.read(metadata, STAGING, FakeRegistry())


async def check(root: Path, arch: str) -> Pushes:
    registry = Pushes(root)
    await pushed.check_arch(await pushed.read(noted(root), STAGING, registry), arch, registry)
    return registry


async def test_the_programs_inside_are_for_the_arch_that_was_asked_for(tmp_path: Path) -> None:
    registry = await check(layout(tmp_path / "layout", "amd64", tar({"bin/tool": program("amd64")})), "amd64")

    assert registry.streamed == 1


@pytest.mark.parametrize(
    ("made_for", "layer", "expected"),
    [
        ("s390x", tar({}), "the builder made an image for linux/s390x, expected linux/amd64"),
        ("amd64", tar({"bin/tool": program("s390x")}), "holds programs for s390x, expected amd64"),
        ("amd64", b"no archive at all", "the builder pushed what is not a layer: "),
        ("amd64", tar({"bin/tool": program("amd64")})[:60], "the builder pushed what is not a layer: "),
    ],
)
async def test_an_image_for_another_machine_is_refused(
    tmp_path: Path, made_for: str, layer: bytes, expected: str
) -> None:
    with pytest.raises(ContractBrokenError, match=expected):
        await check(layout(tmp_path / "layout", made_for, layer), "amd64")


async def test_of_a_large_layer_only_the_beginning_is_read(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(4_000_000)
    root = layout(tmp_path / "layout", "amd64", tar({"bin/tool": program("amd64"), "share/noise": noise}))

    registry = await check(root, "amd64")

    assert registry.streamed == 21
