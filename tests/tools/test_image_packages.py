"""Tests of the packages of an image, from its SBOM or from its layers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.model.oci import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from orchestrator.model.report import ImageReport
from orchestrator.model.report.diff import Inventory, Origin, Pair
from orchestrator.model.report.package_databases import DPKG
from orchestrator.model.report.packages import SPDX, Package
from orchestrator.tools.image_packages import Packages
from orchestrator.tools.report_images import ReportImages
from tests.samples import tar
from tests.stored_images import InMemory, Store

NAME = Reference.parse("registry.example/library/tool:1.0")
CONFIG = {"os": "linux", "architecture": "amd64"}
STATUS = "Package: {}\nStatus: install ok installed\nVersion: 1\n"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
ZSTD = OCI_LAYER.replace("gzip", "zstd")


class Images:
    """Images in a registry, read for reports."""

    def __init__(self) -> None:
        self.store = Store()
        self.registry = InMemory(self.store)

    def layer(self, media_type: str = OCI_LAYER, *, name: str = "") -> dict[str, Any]:
        """A layer with the status of a package of this name, or with no database."""
        files = {DPKG: STATUS.format(name).encode()} if name else {"etc/motd": b"hello"}
        return self.store.blob(tar(files), media_type)

    async def of(self, *layers: dict[str, Any], sbom: bytes = b"") -> ImageReport:
        """An image of these layers, the lowest first, with an SBOM where there is one."""
        manifest = self.store.image({**CONFIG, "author": str(layers)}, layers)
        entries = [{"mediaType": OCI_MANIFEST, "digest": manifest.digest, "size": manifest.size}]
        if sbom:
            entries.append(self._sbom(sbom, manifest.digest))
        self.store.document(OCI_INDEX, {"manifests": entries}, "1.0")
        return (await ReportImages(self.registry).report(NAME, [NAME])).images[0]

    async def inventories(self, before: ImageReport, after: ImageReport) -> tuple[Inventory, Inventory] | None:
        repository = NAME.repository
        return await Packages(self.registry).of_pair(Pair(before, after), repository, repository)

    def _sbom(self, content: bytes, subject: str) -> dict[str, Any]:
        statement = self.store.blob(content, "application/vnd.in-toto+json")
        statement["annotations"] = {"in-toto.io/predicate-type": SPDX}
        config = self.store.blob(b"{}", OCI_CONFIG)
        document = self.store.document(OCI_MANIFEST, {"config": config, "layers": [statement]})
        annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}
        entry = {"mediaType": OCI_MANIFEST, "digest": document.digest, "size": document.size}
        return {**entry, "annotations": annotations}


def databases(*names: str) -> Inventory:
    return Inventory(Origin.DATABASES, frozenset(Package("deb", name, "1") for name in names))


def sbom(name: str) -> bytes:
    package = {"externalRefs": [{"referenceLocator": f"pkg:pypi/{name}@1"}]}
    return json.dumps({"predicate": {"packages": [package]}}).encode()


async def test_the_highest_database_counts_and_no_layer_below_it_is_read() -> None:
    images = Images()
    base, old, new, top = images.layer(name="base"), images.layer(name="old"), images.layer(name="new"), images.layer()
    before, after = await images.of(base, old), await images.of(base, new, top)

    found = await images.inventories(before, after)

    assert found == (databases("old"), databases("new"))
    assert images.registry.asked[f"blob {base['digest']}"] == 0


async def test_a_layer_of_both_is_read_once() -> None:
    images = Images()
    base, other = images.layer(name="base"), images.layer()
    before, after = await images.of(base), await images.of(base, other)

    found = await images.inventories(before, after)

    assert (found, images.registry.asked[f"blob {base['digest']}"]) == ((databases("base"), databases("base")), 1)


async def test_sboms_count_where_both_have_one() -> None:
    images = Images()
    base = images.layer(name="base")
    before, after = await images.of(base, sbom=sbom("a")), await images.of(base, images.layer(), sbom=sbom("b"))

    found = await images.inventories(before, after)

    assert found == tuple(Inventory(Origin.SBOM, frozenset({Package("pypi", name, "1")})) for name in "ab")


async def test_an_sbom_is_not_compared_with_a_database() -> None:
    images = Images()
    base, other = images.layer(name="base"), images.layer(name="other")
    before, after = await images.of(base, sbom=sbom("a")), await images.of(other)

    assert await images.inventories(before, after) == (databases("base"), databases("other"))


async def test_an_sbom_that_is_none_is_named() -> None:
    images = Images()
    before = await images.of(images.layer(), sbom=b"{}")
    after = await images.of(images.layer(name="x"), sbom=sbom("b"))

    with pytest.raises(ContractBrokenError, match=r"registry\.example/library/tool: the SBOM sha256:\w+ is none"):
        await images.inventories(before, after)


@pytest.mark.parametrize(
    ("media_type", "problem"),
    [
        (ZSTD, f"it has a layer {ZSTD}"),
        (FOREIGN, f"it has a layer {FOREIGN}"),
        (OCI_LAYER, "it has no package database"),
    ],
)
async def test_packages_that_cannot_be_known_are_said_to_be_so(media_type: str, problem: str) -> None:
    images = Images()
    before, after = await images.of(images.layer(media_type)), await images.of(images.layer(name="x"))

    found = await images.inventories(before, after)

    assert found == (Inventory(Origin.DATABASES, problem=problem), databases("x"))


async def test_windows_is_not_read() -> None:
    images = Images()
    one, other = await images.of(images.layer(name="x")), await images.of(images.layer(name="y"))
    windows = replace(one, descriptor=replace(one.descriptor, platform=Platform("windows", "amd64")))

    found = await images.inventories(windows, other)

    assert found == (Inventory(Origin.DATABASES, problem="Windows has no package database"), databases("y"))


async def test_one_image_alone_is_not_read() -> None:
    images = Images()
    one = await images.of(images.layer(name="x"))

    assert await Packages(images.registry).of_pair(Pair(None, one), NAME.repository, NAME.repository) is None
