"""A family on disk whose builds nobody makes: images are put in staging by hand, for what comes after building."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Registry
from tests.pushing import Image, client, image, push, push_index
from tests.real import orchestrator

_BASE = "base:1"
_VARIANT = "trixie"
_TEMPLATE = "debian.j2"

Finished = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """Its folder, whose name its repositories have, and where it is published."""

    root: Path
    state: Path
    registry: str

    @classmethod
    async def written(
        cls, root: Path, *, state: Path, registry: str, arches: Sequence[str], aliases: Mapping[str, Sequence[str]]
    ) -> "Unbuilt":
        """Write a family with a line for each key of `aliases`, and bring its base to the registry."""
        made = cls(root, state, registry)
        config = {
            "image": root.name,
            "registry": registry,
            "staging_namespace": f"staging/{root.name}",
            "mirrors": {"docker.io": f"http://{registry}"},
            "bases": {"debian": _BASE},
            "architectures": {"debian": arches},
            "aliases": aliases,
        }
        versions = {line: {"version": f"{line}.1", "variants": [_VARIANT]} for line in aliases}
        made._templates.mkdir(parents=True)
        # JSON is YAML as well.
        (root / "orchestrator.yaml").write_text(json.dumps(config))
        (root / "versions.json").write_text(json.dumps(versions))
        async with client() as direct:
            base = Repository(registry, "library/base").tagged("1")
            await push_index(direct, base, [_image(arch, "base") for arch in arches])
        return made

    @property
    def _templates(self) -> Path:
        return self.root / "templates" / "dockerfile"

    @property
    def shared(self) -> Repository:
        return Repository(self.registry, f"library/{self.root.name}")

    def change(self, word: str) -> Sequence[Mapping[str, Any]]:
        """Make every build another one; what `plan` says of them."""
        (self._templates / _TEMPLATE).write_text(f"FROM {{{{ base }}}}\nRUN : {word}\n")
        self.run("render")
        builds: Sequence[Mapping[str, Any]] = json.loads(self.run("plan", "--arch", "all", "--format", "json").stdout)[
            "builds"
        ]
        return builds

    def run(self, *words: str, check: bool = True) -> Finished:
        """Run the tool to its end; fails the test when `check` and it fails."""
        return orchestrator("-C", str(self.root), *words, state=self.state, check=check)

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start the tool."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "-C", str(self.root), *words),
            env={**os.environ, "ORCHESTRATOR_STATE": str(self.state), "NO_COLOR": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )


async def stage(registry: Registry, build: Mapping[str, Any]) -> Member:
    """Put an image in staging as the build of which `plan` says this."""
    place = Reference.parse(build["staging"])
    made = _image(build["arch"], build["build_id"])
    await push(registry, place.repository.at(made.manifest.digest), made)
    member = Member(build["arch"], made.manifest.descriptor(platform=made.platform))
    await registry.put_document(place, assemble([member]))
    return member


def _image(arch: str, content: str) -> Image:
    return image(f"{arch} {content}".encode(), platform=str(ARCHES[arch].platform))
