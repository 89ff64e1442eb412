"""The image family that the farm builds: a copy of the hello example with two releases of Windows, in a repository."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.model.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_INDEX,
    Descriptor,
    Document,
    digest_of,
)
from orchestrator.model.references import Reference
from orchestrator.tools.registry import Registry
from tests.fake_engine import MadeImage, image, plain

_PROJECT = Path(__file__).parents[2]
_TEMPLATES = _PROJECT / "examples" / "hello" / "templates"

IMAGE = "farm"
STAGING = f"staging/{IMAGE}"
LINE = "2.0"
WINDOWS = {"ltsc2025": "10.0.26100.4061", "ltsc2022": "10.0.20348.3692"}
"""The releases of Windows by the tags of their bases, the newest first."""

_MAKEFILE = """\
.venv/ready:
\t@mkdir -p .venv/bin && ln -sf {program} .venv/bin/orchestrator && touch $@
"""
_WINDOWS_TEMPLATE = """\
FROM {{ base }}

ENV HELLO_VERSION={{ version }}

RUN setx /M HELLO {{ version }}

CMD ["cmd", "/c", "echo", "hello"]
"""


class Family:
    """A git repository that is committed to twice."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self._environment = environment

    def create(self, *, arches: Sequence[str], variants: Sequence[str], at: int) -> None:
        """Write and commit it for these architectures of Linux, and for Windows."""
        shutil.copytree(_TEMPLATES, self.root / "templates")
        windows = [f"windows/windowsservercore-{release}" for release in WINDOWS]
        files = {
            "Makefile": _MAKEFILE.format(program=Path(sys.executable).with_name("orchestrator")),
            ".gitignore": "/out/\n/.venv/\n",
            "templates/dockerfile/windowsservercore.j2": _WINDOWS_TEMPLATE,
            "orchestrator.yaml": json.dumps(_config(arches), indent=2),
            "versions.json": json.dumps({LINE: {"version": f"{LINE}.1", "variants": [*variants, *windows]}}, indent=2),
        }
        for name, text in files.items():
            (self.root / name).write_text(text)
        self._git("init", "--quiet", "--initial-branch", "main")
        self.commit("Say hello", at=at)

    def change(self, *, at: int) -> None:
        """Change one variant, and commit it."""
        template = self.root / "templates" / "dockerfile" / "debian.j2"
        template.write_text(template.read_text().replace('CMD ["hello"]', 'LABEL round="2"\n\nCMD ["hello"]'))
        self.commit("Label the image", at=at)

    def commit(self, message: str, *, at: int) -> None:
        """Commit everything, with what is generated, at a time: seconds since 1970."""
        for verb in ("render", "jenkins"):
            self._run(sys.executable, "-m", "orchestrator", "-C", str(self.root), verb)
        who = {"NAME": "Example", "EMAIL": "example@example.com", "DATE": f"@{at} +0000"}
        given = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        self._git("add", "--all")
        self._git("-c", "commit.gpgsign=false", "commit", "--quiet", "--message", message, environment=given)

    def clone(self, to: Path) -> Path:
        """A copy as it is now."""
        self._run("git", "clone", "--quiet", str(self.root), str(to))
        return to

    def _git(self, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self._run("git", "-C", str(self.root), *words, environment=environment)

    def _run(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        given = {**os.environ, **self._environment, **(environment or {})}
        subprocess.run(command, env=given, check=True, stdout=subprocess.DEVNULL)


def _config(arches: Sequence[str]) -> dict[str, Any]:
    return {
        "image": IMAGE,
        "git_url": "https://github.com/example/farm.git",
        "maintainers": ["Example Maintainer (@example)"],
        "registry": "local",
        "staging_namespace": STAGING,
        "arch_namespaces": {"windows-amd64": "winamd64"},
        "aliases": {LINE: ["2", "latest"]},
        "bases": {
            "debian": "busybox:{release}",
            "slim": "busybox:{release}",
            "windowsservercore": "mcr.microsoft.com/windows/servercore:{release}",
        },
        "architectures": {"debian": [*arches], "slim": [*arches], "windowsservercore": ["windows-amd64"]},
        "builders": {"default": {"driver": "local", "emulate": True}, "windows-amd64": {"driver": "classic"}},
        "values": [{"set": {"greetings": ["Hello", "Hallo"]}}],
        "tests": [
            {
                "name": "version and machine",
                "variant": ["debian", "slim"],
                "command": ["hello"],
                "stdout": "hello {version} on {arch}",
            }
        ],
        "jenkins": {},
    }


async def push_windows_bases(address: str, registry: Registry) -> None:
    """Put a hand-made base for each release of Windows into a registry."""
    for release, os_version in WINDOWS.items():
        base = image(plain({"Files/base": os_version.encode()}), platform="windows/amd64", **{"os.version": os_version})
        await _push(registry, Reference.parse(f"{address}/windows/servercore:{release}"), base, os_version)


async def _push(registry: Registry, place: Reference, made: MadeImage, os_version: str) -> None:
    """Push an image, and an index over it under the tag."""
    layers = [gzip.compress(layer, mtime=0) for layer in made.layers]
    for blob in (made.config, *layers):
        await registry.put_blob(place.repository, digest_of(blob), len(blob), blob)
    content = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": Descriptor(DOCKER_CONFIG, digest_of(made.config), len(made.config)).entry,
        "layers": [Descriptor(DOCKER_LAYER, digest_of(layer), len(layer)).entry for layer in layers],
    }
    manifest = Document(DOCKER_MANIFEST, json.dumps(content).encode())
    await registry.put_document(place.repository.at(manifest.digest), manifest)
    entry = Descriptor(DOCKER_MANIFEST, manifest.digest, manifest.size).entry
    platform = {"os": "windows", "architecture": "amd64", "os.version": os_version}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{**entry, "platform": platform}]}
    await registry.put_document(place, Document(OCI_INDEX, json.dumps(index).encode()))
