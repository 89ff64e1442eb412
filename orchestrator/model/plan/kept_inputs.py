"""What a staged build remembers of its inputs, so that any machine can tell later what changed since."""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.model.plan.build_id import SCHEMA, BuildInputs
from orchestrator.model.platforms import Platform

ANNOTATION = "dev.orchestrator.build.inputs"
"""The annotation of an index in staging; published indexes are assembled anew and do not have it."""

MAX_BYTES = 1024 * 1024
"""Registries take 4 MiB for a whole index, and some of them less."""

_PLAIN_BYTES = 16 * 1024
_MAX_DOCKERFILE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptInputs:
    """The inputs of one build with the text of its Dockerfile."""

    inputs: BuildInputs
    dockerfile: str
    """The rendered text; empty where it was too long to be kept."""

    @property
    def annotations(self) -> dict[str, str]:
        """What an index in staging says of its inputs.

        A long Dockerfile is compressed, one that is still too long has only its hash there, and inputs that are more
        than MAX_BYTES are not kept at all: they are good for explaining, and nothing is decided by them.
        """
        is_plain = len(self.dockerfile.encode()) <= _PLAIN_BYTES
        kept = {"text": self.dockerfile} if is_plain else {"zlib": _packed(self.dockerfile)}
        values = (self._text(kept), self._text({}))
        fitting = next((value for value in values if len(value) <= MAX_BYTES), "")
        return {ANNOTATION: fitting} if fitting else {}

    @classmethod
    def of(cls, annotations: Mapping[str, str]) -> Self | None:
        """The inputs that an index tells; None where it tells none, or none that this release can compare."""
        try:
            kept = _Document.model_validate_json(annotations.get(ANNOTATION, ""))
            dockerfile = _unpacked(kept.dockerfile)
            platform = Platform.parse(kept.platform)
        except (ValidationError, ValueError, zlib.error):
            return None
        if kept.build_id_schema != SCHEMA:
            return None
        inputs = BuildInputs(
            dockerfile=kept.dockerfile.sha256,
            files=kept.files,
            platform=platform,
            build_args=kept.build_args,
            bases=kept.bases,
            builder=kept.builder,
        )
        return cls(inputs, dockerfile)

    def _text(self, kept: Mapping[str, str]) -> str:
        document: dict[str, Any] = {
            **self.inputs.document(),
            "dockerfile": {"sha256": self.inputs.dockerfile, **kept},
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Dockerfile(_Part):
    sha256: str
    text: str = ""
    zlib: str = ""


class _Document(_Part):
    build_id_schema: int = Field(alias="schema")
    dockerfile: _Dockerfile
    files: dict[str, str]
    platform: str
    build_args: dict[str, str]
    bases: dict[str, str]
    builder: str


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def _unpacked(kept: _Dockerfile) -> str:
    """The text that was kept; raises ValueError when it is not the one that the hash names, zlib.error for rubbish."""
    text = kept.text
    if kept.zlib:
        packed = base64.b64decode(kept.zlib, validate=True)
        text = zlib.decompressobj().decompress(packed, _MAX_DOCKERFILE_BYTES).decode()
    if text and hashlib.sha256(text.encode()).hexdigest() != kept.sha256:
        raise ValueError("the Dockerfile is not the one that its hash names")
    return text
