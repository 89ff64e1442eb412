"""Plans a family as `plan` does, with a registry in memory: `python -m benchmarks.plan_alone FOLDER N`."""

import datetime as dt
import json
import platform
import sys
from pathlib import Path

from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, Registries
from orchestrator.model.oci import OCI_INDEX, OCI_MANIFEST, Document, digest_of
from orchestrator.model.plan import Plan
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.references import Reference
from orchestrator.render.summary import plan_text
from orchestrator.tools.process import SystemRunner
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import DockerCredentials

_BUILD_ID_CHARACTERS = 64


class HalfStaged(Registry):
    """Answers at once: it has every base for every arch, and of every second build what was staged."""

    async def document(self, reference: Reference) -> Document | None:
        is_build_id = len(reference.tag) == _BUILD_ID_CHARACTERS
        is_there = int(reference.tag, 16) % 2 == 0 if is_build_id else "staging" not in reference.path
        return _INDEX if is_there else None


def main(folder: Path, count: int) -> None:
    """Print the plan of the first so many targets of the family in the folder."""
    invocation = Invocation(
        root=folder,
        state=folder / "state",
        environment={},
        overrides={"registry": "registry.example"},
        runner=SystemRunner({}),
        now=lambda: dt.datetime.now(dt.UTC),
        machine=platform.machine(),
        interactive=False,
    )
    print(plan_text(run(_planned(invocation, count))), end="")


async def _planned(invocation: Invocation, count: int) -> Plan:
    project = Project.read(invocation)
    async with HalfStaged(credentials=DockerCredentials({})) as client:
        opened = Registries(invocation, project, client, {})
        targets = (await opened.matrix()).targets
        if len(targets) < count:
            sys.exit(f"the family has {len(targets)} targets, expected at least {count}")
        return await opened.plan(targets[:count])


def _index() -> Document:
    """An index with an image for each arch, which nobody will ask for."""
    manifests = [
        {"mediaType": OCI_MANIFEST, "digest": digest_of(name.encode()), "size": 7, "platform": _words(arch.platform)}
        for name, arch in ARCHES.items()
    ]
    return Document(OCI_INDEX, json.dumps({"schemaVersion": 2, "manifests": manifests}).encode())


def _words(of: Platform) -> dict[str, str]:
    words = {"os": of.os, "architecture": of.architecture, "variant": of.variant}
    return {key: word for key, word in words.items() if word}


_INDEX = _index()

if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
