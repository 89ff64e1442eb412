"""Build IDs: names of builds made from everything that can change their result, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.model.platforms import Platform

# Part of every build ID: raising it rebuilds everything, so raise it only when builds really come out differently.
_SCHEMA = 1


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
    """Every image outside the Dockerfile, as written there -> digest of its manifest for the platform."""
    builder: str
    """The kind of builder: `buildkit` or `classic`."""


def build_id(inputs: BuildInputs) -> str:
    """64 hex digits over canonical JSON."""
    document = {
        "dockerfile": inputs.dockerfile,
        "files": dict(inputs.files),
        "platform": str(inputs.platform),
        "build_args": dict(inputs.build_args),
        "bases": dict(inputs.bases),
        "builder": inputs.builder,
        "schema": _SCHEMA,
    }
    return hashlib.sha256(canonical_json(document)).hexdigest()


def canonical_json(value: object) -> bytes:
    """The one spelling of a JSON value that we hash: sorted keys, no white space, UTF-8.

    Names of files and arguments that are not UTF-8 stand there as the bytes that they are.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogateescape")
