"""What people would do without the tool: one bake file for the same builds, pushed to the same registry."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_NAME = "docker-bake.json"
_EPOCH = 1_750_000_000
"""Any time in the past."""


def write(root: Path, builds: Iterable[Mapping[str, Any]], *, repository: str) -> None:
    """Write the bake file of a folder, for the builds that `plan --format json` tells of it.

    Dockerfiles, bases by digest, platforms and provenance are the same; tags in `repository` take the place of staging.
    """
    targets = {_name(build["target"]): _target(root, build, repository=repository) for build in builds}
    (root / _NAME).write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}))


def command(root: Path) -> tuple[str, ...]:
    """Build and push everything in the bake file of a folder."""
    return ("docker", "buildx", "bake", "--progress", "plain", "--file", str(root / _NAME))


def one_command(root: Path, build: Mapping[str, Any]) -> tuple[str, ...]:
    """Build one of them without a bake file, with the options and into the layout that the tool asks for.

    It is not pushed: Docker's own driver cannot push an image whose times are rewritten.
    """
    contexts = (("--build-context", f"{name}={place}") for name, place in _contexts(build).items())
    return (
        *("docker", "buildx", "build", "--progress", "plain"),
        *("--platform", build["platform"]),
        *("--provenance", "mode=max"),
        *("--build-arg", f"SOURCE_DATE_EPOCH={_EPOCH}"),
        *("--output", f"type=oci,dest={root / 'layout'},tar=false,rewrite-timestamp=true"),
        *(word for words in contexts for word in words),
        str(root / build["directory"]),
    )


def _target(root: Path, build: Mapping[str, Any], *, repository: str) -> dict[str, Any]:
    return {
        "context": str(root / build["directory"]),
        "contexts": _contexts(build),
        "platforms": [build["platform"]],
        "attest": ["type=provenance,mode=max"],
        "tags": [f"{repository}:{_name(build['target'])}"],
        "output": ["type=registry"],
    }


def _contexts(build: Mapping[str, Any]) -> dict[str, str]:
    return {base["name"]: f"docker-image://{base['pulled_from']}" for base in build["bases"]}


def _name(target: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in target)
