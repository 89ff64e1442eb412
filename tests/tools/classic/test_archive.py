"""What an engine saved of an image is read in every form, and believed only as far as it proves itself."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import digest_of
from orchestrator.tools.classic.archive import Saved, read
from tests.fake_engine import (
    MadeImage,
    archive,
    image,
    plain,
    saved_by_containerd,
    saved_in_folders,
    saved_plain,
)

BASE, OWN = plain({"base": b"1"}), plain({"own": b"2"})
IMAGE = image(BASE, OWN, OWN)
FORMS = [saved_plain, saved_by_containerd, saved_in_folders]


def pieces(content: bytes, size: int = 700) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 700, 1_000_000])
def test_an_image_is_read_from_every_form(tmp_path: Path, form: Callable[[MadeImage], bytes], size: int) -> None:
    found = read(pieces(form(IMAGE), size), tmp_path, image=digest_of(IMAGE.config), known=())

    assert (found.content, found.config) == (IMAGE.config, ImageConfig.parse(IMAGE.config))
    assert {digest: unpacked(path) for digest, path in found.layers.items()} == {
        digest_of(BASE): BASE,
        digest_of(OWN): OWN,
    }


@pytest.mark.parametrize("form", FORMS)
def test_layers_that_are_known_are_not_kept(tmp_path: Path, form: Callable[[MadeImage], bytes]) -> None:
    known = {digest_of(BASE), digest_of(gzip.compress(BASE, mtime=0))}

    found = read(pieces(form(IMAGE)), tmp_path, image=digest_of(IMAGE.config), known=known)

    assert list(found.layers) == [digest_of(OWN)]
    assert BASE not in [unpacked(path) for path in tmp_path.iterdir()]


def test_an_image_may_be_called_by_its_manifest(tmp_path: Path) -> None:
    found = read([saved_by_containerd(IMAGE)], tmp_path, image=digest_of(IMAGE.manifest), known=())

    assert found.content == IMAGE.config


def test_an_image_without_layers_is_read(tmp_path: Path) -> None:
    empty = image()

    found = read([saved_plain(empty)], tmp_path, image=digest_of(empty.config), known=())

    assert found == Saved(empty.config, ImageConfig.parse(empty.config), {})


@pytest.mark.parametrize("form", FORMS)
def test_another_image_is_refused(tmp_path: Path, form: Callable[[MadeImage], bytes]) -> None:
    with pytest.raises(ContractBrokenError, match="the engine saved another image than sha256:"):
        read([form(IMAGE)], tmp_path, image=digest_of(b"built"), known=())


def listing(text: bytes) -> bytes:
    return archive([("config", IMAGE.config), ("manifest.json", text)])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is no archive"),
        (b"no archive at all" * 100, "is no archive"),
        (saved_plain(IMAGE)[:600], "is no archive"),
        (saved_plain(IMAGE)[:1500], r"has no manifest\.json"),
        (archive([("config", IMAGE.config)]), r"has no manifest\.json"),
        (listing(b"{"), "is no image"),
        (listing(b"[]"), "does not list one image"),
        (listing(b'[{"Config": "config"}, {"Config": "config"}]'), "does not list one image"),
        (listing(b'[{"Config": 7}]'), "does not list one image"),
        (listing(b'[{"Config": "../../etc/passwd"}]'), r"has no \.\./\.\./etc/passwd"),
        (listing(b'[{"Config": "config"}]'), f"without its layers {digest_of(BASE)}, {digest_of(OWN)}"),
        (archive([("c", b"[]"), ("manifest.json", b'[{"Config": "c"}]')]), "expected a JSON object"),
        (archive([("l", b"\x1f\x8b damaged")]), "a layer is damaged"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(ContractBrokenError, match=expected):
        read([content], tmp_path, image=digest_of(IMAGE.config), known=())


def test_a_layer_that_is_not_what_the_configuration_says_is_missing(tmp_path: Path) -> None:
    changed = saved_in_folders(IMAGE).replace(b"own", b"OWN")

    with pytest.raises(ContractBrokenError, match=f"without its layers {digest_of(OWN)}"):
        read([changed], tmp_path, image=digest_of(IMAGE.config), known=())


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    names = ("../outside", str(tmp_path / "absolute"), "link")
    content = archive([(names[0], b"1"), (names[1], b"2"), (names[2], "/etc/passwd"), (names[2], b"3")])

    with pytest.raises(ContractBrokenError, match=r"has no manifest\.json"):
        read([content], into, image=digest_of(IMAGE.config), known=())
    assert [path.name for path in tmp_path.iterdir()] == ["into"]
