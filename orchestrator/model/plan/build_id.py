"""Build IDs: names of builds made from everything that can change their result, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.model.platforms import Platform

SCHEMA = 1
"""Part of every build ID: raising it rebuilds everything, so raise it only when builds really come out differently."""

_PARENT = "build:"


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """What goes into one build. Downloads are named in the Dockerfile with their checksums, so they stand in there.

    The commit, its time, folders, the machine and the clock are left out on purpose: a commit that changes no input
    rebuilds nothing (the same choice as docker-library/meta-scripts' sourceId).
    """

    dockerfile: str
    """sha256 of the rendered text."""
    files: Mapping[str, str]
    """Path in the context -> sha256; an executable's hash is followed by `+x`."""
    platform: Platform
    build_args: Mapping[str, str]
    bases: Mapping[str, str]
    """Every image outside the Dockerfile, as written there -> digest of its manifest for the platform.

    Of a parent, which is a build of the same plan, `build:` and its build ID: so all build IDs are known before
    anything is built.
    """
    builder: str
    """The kind of builder: `buildkit` or `classic`."""

    def document(self) -> dict[str, Any]:
        """What the build ID is a hash of, and the rules by which it was made."""
        return {
            "dockerfile": self.dockerfile,
            "files": dict(self.files),
            "platform": str(self.platform),
            "build_args": dict(self.build_args),
            "bases": dict(self.bases),
            "builder": self.builder,
            "schema": SCHEMA,
        }


def parent_input(of: str) -> str:
    """What stands for a parent with this build ID in the inputs of those that stand on it; never like a digest."""
    return f"{_PARENT}{of}"


def is_parent_input(value: str | None) -> bool:
    """Whether this is what `parent_input` makes."""
    return value is not None and value.startswith(_PARENT)


def build_id(inputs: BuildInputs) -> str:
    """64 hex digits over canonical JSON."""
    return hashlib.sha256(canonical_json(inputs.document())).hexdigest()


def canonical_json(value: object) -> bytes:
    """The one spelling of a JSON value that we hash: sorted keys, no white space, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
