import json
from pathlib import Path

from benchmarks import bake

BUILD = {
    "target": "1.0/slim-trixie@amd64",
    "directory": "dockerfiles/1.0/slim-trixie",
    "platform": "linux/amd64",
    "bases": [{"name": "busybox:trixie", "pulled_from": "127.0.0.1:5000/library/busybox@sha256:1234"}],
}


def test_the_bake_file_asks_for_the_same_builds(tmp_path: Path) -> None:
    bake.write(tmp_path, [BUILD], repository="127.0.0.1:5000/baked/tiny")

    assert json.loads((tmp_path / "docker-bake.json").read_text()) == {
        "group": {"default": {"targets": ["1-0-slim-trixie-amd64"]}},
        "target": {
            "1-0-slim-trixie-amd64": {
                "context": str(tmp_path / "dockerfiles/1.0/slim-trixie"),
                "contexts": {"busybox:trixie": "docker-image://127.0.0.1:5000/library/busybox@sha256:1234"},
                "platforms": ["linux/amd64"],
                "attest": ["type=provenance,mode=max"],
                "tags": ["127.0.0.1:5000/baked/tiny:1-0-slim-trixie-amd64"],
                "output": ["type=registry"],
            }
        },
    }


def test_one_build_is_a_command_of_its_own_that_leaves_what_the_tool_has_left() -> None:
    assert bake.one_command(Path("/x"), BUILD) == (
        *("docker", "buildx", "build", "--progress", "plain"),
        *("--platform", "linux/amd64"),
        *("--provenance", "mode=max"),
        *("--build-arg", "SOURCE_DATE_EPOCH=1750000000"),
        *("--output", "type=oci,dest=/x/layout,tar=false,rewrite-timestamp=true"),
        *("--build-context", "busybox:trixie=docker-image://127.0.0.1:5000/library/busybox@sha256:1234"),
        "/x/dockerfiles/1.0/slim-trixie",
    )
