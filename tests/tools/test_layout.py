"""What a builder leaves on disk is believed only as far as it proves itself."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Repository
from orchestrator.tools.layout import check_arch, read
from tests.samples import MadeLayout, layout, program, tar

PROGRAM = tar({"bin/tool": program("amd64")})
BASES = Repository("registry.example", "library/base")


def test_a_good_layout_is_read(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    digest = made.image("arm64v8", PROGRAM, tar({"etc/motd": b"hello"}))
    made.attestation(digest)
    made.close()

    found = read(tmp_path)

    assert (found.image.digest, found.platform, found.os_version) == (digest, Platform("linux", "arm64", "v8"), "")
    assert [(descriptor.subject, len(document.layers)) for descriptor, document in found.attestations] == [(digest, 1)]
    assert [found.blob(blob.digest) for blob in found.blobs] == [made.path(blob.digest) for blob in found.blobs]
    assert len(found.blobs) == 5


def test_a_layout_without_an_index_over_the_image_is_read(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    digest = made.image("amd64", PROGRAM)
    made.names(made.entries)

    assert (read(tmp_path).image.digest, read(tmp_path).attestations) == (digest, ())


def test_the_release_of_windows_is_read(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.image("windows-amd64", config=b'{"os": "windows", "architecture": "amd64", "os.version": "10.0.26100.4061"}')
    made.close()

    found = read(tmp_path)
    check_arch(found, "windows-amd64")

    assert (found.platform, found.os_version) == (Platform("windows", "amd64"), "10.0.26100.4061")


def test_the_features_of_windows_are_read(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.image("windows-amd64", config=b'{"os": "windows", "architecture": "amd64", "os.features": ["win32k"]}')

    assert read(made.close()).os_features == ("win32k",)


def test_a_layer_that_is_elsewhere_may_be_missing(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    manifest = made.image("amd64", tar({"bin/base": program("s390x")}), PROGRAM)
    base, own = (layer["digest"] for layer in json.loads(made.path(manifest).read_bytes())["layers"])
    made.close()
    made.path(base).unlink()

    found = read(tmp_path, elsewhere={base: BASES, own: BASES})
    check_arch(found, "amd64")

    assert found.elsewhere == {base: BASES}
    assert (found.blob(base), found.blob(own)) == (BASES, made.path(own))
    with pytest.raises(ContractBrokenError, match="No such file or directory, though the layout names it"):
        read(tmp_path, elsewhere={own: BASES})


def test_a_layer_that_is_elsewhere_is_compared_all_the_same_where_it_is_there(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    manifest = made.image("amd64", PROGRAM)
    digest = json.loads(made.path(manifest).read_bytes())["layers"][0]["digest"]
    made.close()
    made.path(digest).write_bytes(b"changed")

    with pytest.raises(ContractBrokenError, match="got 7 of sha256:"):
        read(tmp_path, elsewhere={digest: BASES})


def test_only_layers_may_be_elsewhere(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    config = json.loads(made.path(made.image("amd64", PROGRAM)).read_bytes())["config"]["digest"]
    made.close()
    made.path(config).unlink()

    with pytest.raises(ContractBrokenError, match="No such file or directory"):
        read(tmp_path, elsewhere={config: BASES})


def _two_images(made: MadeLayout) -> None:
    made.image("amd64", PROGRAM)
    made.image("s390x", PROGRAM)


def _no_image(made: MadeLayout) -> None:
    made.attestation("sha256:" + "a" * 64)


def _attestation_of_another(made: MadeLayout) -> None:
    made.image("amd64", PROGRAM)
    made.attestation("sha256:" + "a" * 64)


def _without_subject(made: MadeLayout) -> None:
    made.attestation(made.image("amd64", PROGRAM))
    del made.entries[-1]["annotations"]["vnd.docker.reference.digest"]


def _index_in_the_place_of_the_image(made: MadeLayout) -> None:
    empty = {"schemaVersion": 2, "manifests": []}
    made.entries.append(made.blob(json.dumps(empty).encode(), "application/vnd.oci.image.index.v1+json"))


def _configuration_that_is_none(made: MadeLayout) -> None:
    made.image("amd64", PROGRAM, config=b'["linux"]')


def _configuration_without_architecture(made: MadeLayout) -> None:
    made.image("amd64", PROGRAM, config=b'{"os": "linux"}')


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_two_images, "left 2 of what should be one image"),
        (_no_image, "left 0 of what should be one image"),
        (_attestation_of_another, "left attestations of another image"),
        (_without_subject, "left attestations of another image"),
        (_index_in_the_place_of_the_image, "where an image should be"),
        (_configuration_that_is_none, "expected a JSON object"),
        (_configuration_without_architecture, "`os` and `architecture`"),
    ],
)
def test_what_is_not_one_image_is_refused(tmp_path: Path, spoil: Callable[[MadeLayout], None], expected: str) -> None:
    made = MadeLayout(tmp_path)
    spoil(made)
    made.close()

    with pytest.raises(ContractBrokenError, match=expected):
        read(tmp_path)


def test_two_builds_in_one_layout_are_refused(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.image("amd64", PROGRAM)
    made.close(tops=2)

    with pytest.raises(ContractBrokenError, match=r"left 2 of what should be one entry in index\.json"):
        read(tmp_path)


@pytest.mark.parametrize("part", ["config", "layers", "manifest", "index"])
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b" "), "of sha256:"),
        (lambda path: path.write_bytes(path.read_bytes() + b" "), "bytes of sha256:"),
        (lambda path: path.unlink(), "No such file"),
    ],
    ids=["another content", "longer", "missing"],
)
def test_every_blob_is_compared_with_its_digest(
    tmp_path: Path, part: str, spoil: Callable[[Path], object], expected: str
) -> None:
    made = MadeLayout(tmp_path)
    manifest = made.image("amd64", PROGRAM)
    made.close()
    named = json.loads(made.path(manifest).read_bytes())
    blobs = {
        "manifest": manifest,
        "config": named["config"]["digest"],
        "layers": named["layers"][0]["digest"],
        "index": json.loads((tmp_path / "index.json").read_bytes())["manifests"][0]["digest"],
    }
    spoil(made.path(blobs[part]))

    with pytest.raises(ContractBrokenError, match=expected):
        read(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"schemaVersion": 2, "manifests": [{}]}',
        b'{"schemaVersion": 2, "manifests": [7]}',
        b'{"schemaVersion": 2, "manifests": null}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_malformed_index_json_is_refused(tmp_path: Path, content: bytes) -> None:
    layout(tmp_path)
    (tmp_path / "index.json").write_bytes(content)

    with pytest.raises(ContractBrokenError):
        read(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractBrokenError, match=r"index\.json: No such file or directory"):
        read(tmp_path)


@pytest.mark.parametrize("digest", ["sha256:../../../../etc/passwd", "../index.json", "sha256:ab", "md5:" + "0" * 32])
def test_a_digest_cannot_lead_out_of_the_layout(tmp_path: Path, digest: str) -> None:
    made = MadeLayout(tmp_path)
    made.image("amd64", PROGRAM)
    made.close()
    made.names([{**made.entries[0], "digest": digest}])

    with pytest.raises(ContractBrokenError, match="is not a sha256 digest"):
        read(tmp_path)


def _link(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    (path.parent.parent.parent.parent / "outside").write_bytes(content)
    path.symlink_to(path.parent.parent.parent.parent / "outside")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("spoil", [_link, _pipe])
def test_links_and_pipes_are_refused_before_they_are_read(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    root = tmp_path / "layout"
    made = MadeLayout(root)
    manifest = made.image("amd64", PROGRAM)
    made.close()
    spoil(made.path(manifest))

    with pytest.raises(ContractBrokenError, match="neither a file nor a folder"):
        read(root)


@pytest.mark.parametrize(
    ("arch", "layers"),
    [
        ("amd64", [PROGRAM]),
        ("s390x", [tar({"bin/tool": program("s390x")}), tar({"etc/motd": b"hello"})]),
        ("arm32v7", [tar({"bin/tool": program("arm32v7"), "lib/for-another": program("amd64")})]),
        ("amd64", [tar({})]),
        ("amd64", []),
    ],
)
def test_programs_of_the_right_machine_are_enough(tmp_path: Path, arch: str, layers: list[bytes]) -> None:
    made = MadeLayout(tmp_path)
    made.image(arch, *layers)

    check_arch(read(made.close()), arch)


def test_a_base_for_another_machine_is_found_by_its_programs(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.image("arm64v8", PROGRAM, tar({"bin/own": program("arm64v8")}))
    found = read(made.close())

    with pytest.raises(
        ContractBrokenError, match=r"holds programs for amd64, expected arm64v8; look for a base or a download"
    ):
        check_arch(found, "arm64v8")


def _windows_program(machine: int) -> bytes:
    return b"MZ".ljust(0x3C, b"\0") + (0x40).to_bytes(4, "little") + b"PE\0\0" + machine.to_bytes(2, "little")


WINDOWS = b'{"os": "windows", "architecture": "amd64"}'


@pytest.mark.parametrize("machine", [0x8664, 0x14C])
def test_programs_that_windows_on_amd64_runs_are_right(tmp_path: Path, machine: int) -> None:
    made = MadeLayout(tmp_path)
    files = {"Files/tool.exe": _windows_program(machine), "Files/for-wsl": program("s390x")}
    made.image("windows-amd64", tar(files), config=WINDOWS)

    check_arch(read(made.close()), "windows-amd64")


def test_windows_programs_for_another_machine_are_found(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.image("windows-amd64", tar({"Files/tool.exe": _windows_program(0xAA64)}), config=WINDOWS)
    found = read(made.close())

    with pytest.raises(ContractBrokenError, match="holds programs for PE machine 43620, expected windows-amd64"):
        check_arch(found, "windows-amd64")


def test_an_unknown_machine_is_told_by_its_number(tmp_path: Path) -> None:
    stranger = bytearray(program("amd64"))
    stranger[18:20] = (258).to_bytes(2, "little")
    made = MadeLayout(tmp_path)
    made.image("amd64", tar({"bin/tool": bytes(stranger)}))
    found = read(made.close())

    with pytest.raises(ContractBrokenError, match="ELF machine 258"):
        check_arch(found, "amd64")


def test_an_image_labelled_for_another_platform_is_refused(tmp_path: Path) -> None:
    found = read(layout(tmp_path, "s390x"))

    with pytest.raises(ContractBrokenError, match="the builder made an image for linux/s390x, expected linux/arm64/v8"):
        check_arch(found, "arm64v8")


def test_layers_in_zstd_are_left_unread(tmp_path: Path) -> None:
    made = MadeLayout(tmp_path)
    made.image("amd64", b"\x28\xb5\x2f\xfd", layer_type="tar+zstd")

    check_arch(read(made.close()), "amd64")


@pytest.mark.parametrize("layer", [b"no tar at all", PROGRAM[:-20], PROGRAM[:40] + b"\xff" * 40])
def test_a_layer_that_cannot_be_unpacked_is_refused(tmp_path: Path, layer: bytes) -> None:
    made = MadeLayout(tmp_path)
    made.image("amd64", layer)
    found = read(made.close())

    with pytest.raises(ContractBrokenError, match="not a layer"):
        check_arch(found, "amd64")


def test_only_the_first_programs_of_a_layer_are_looked_at(tmp_path: Path) -> None:
    files: dict[str, Any] = {f"lib/{number:02}": program("s390x") for number in range(16)}
    made = MadeLayout(tmp_path)
    made.image("amd64", tar({**files, "lib/last": program("amd64")}))
    found = read(made.close())

    with pytest.raises(ContractBrokenError, match="s390x"):
        check_arch(found, "amd64")
