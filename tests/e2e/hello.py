"""A copy of the hello example, worked on by the tool as its users do: in processes of its own."""

import json
import os
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.model.oci import INDEX_TYPES, MANIFEST_TYPES
from orchestrator.tools.engine.docker_host import Engine
from tests.real import orchestrator

_ACCEPT = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))
_VERSION = "2.0"
_BUILD_ID = re.compile("[0-9a-f]{64}")

Finished = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Hello:
    """Its folder, where it is built and published, and the name that its repositories have."""

    root: Path
    state: Path
    engine: Engine
    registry: str
    name: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.engine.environment,
            "ORCHESTRATOR_IMAGE": self.name,
            "ORCHESTRATOR_STAGING_NAMESPACE": f"staging/{self.name}",
        }

    def run(self, *words: str, check: bool = True, environment: Mapping[str, str] | None = None) -> Finished:
        """Run the tool to its end; fails the test when `check` and it fails."""
        given = {**self.environment, **(environment or {})}
        return orchestrator("-C", str(self.root), *words, state=self.state, environment=given, check=check)

    def start(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the tool."""
        return subprocess.Popen(
            (sys.executable, "-m", "orchestrator", "-C", str(self.root), *words),
            env={
                **os.environ,
                **self.environment,
                "ORCHESTRATOR_STATE": str(self.state),
                "NO_COLOR": "1",
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def offer(self, *, arches: Sequence[str], variants: Sequence[str] = ("slim-trixie",)) -> None:
        """Let one version in these variants be built for these arches."""
        versions = {_VERSION: {"version": f"{_VERSION}.1", "variants": list(variants)}}
        (self.root / "versions.json").write_text(json.dumps(versions))
        groups = ["slim" if variant.startswith("slim") else "debian" for variant in variants]
        self.configure("architectures", {group: list(arches) for group in groups})

    def use_base(self, name: str) -> None:
        self.configure("bases", {"debian": name, "slim": name})

    def test_by(self, *tests: Mapping[str, Any]) -> None:
        """Replace the smoke tests."""
        self.configure("tests", list(tests))

    def configure(self, key: str, value: Any) -> None:
        """Replace a top-level key of orchestrator.yaml."""
        # JSON is YAML as well; top-level keys of the example stand at the beginning of a line.
        path = self.root / "orchestrator.yaml"
        kept: list[str] = []
        is_replaced = False
        for line in path.read_text(encoding="utf-8").splitlines():
            is_replaced = line.startswith(f"{key}:") or (is_replaced and line.startswith((" ", "-")))
            if not is_replaced:
                kept.append(line)
        path.write_text("\n".join([*kept, f"{key}: {json.dumps(value)}", ""]), encoding="utf-8")

    def edit(self, old: str, new: str, *, template: str = "slim.j2") -> None:
        """Change a template."""
        path = self.root / "templates" / "dockerfile" / template
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{path} has no {old!r}")
        path.write_text(text.replace(old, new), encoding="utf-8")

    def git(self, *words: str, at: int = 0) -> None:
        """Run git in the folder, as somebody at some time."""
        who = {"NAME": "Example", "EMAIL": "example@example.com", "DATE": f"@{at} +0000"}
        given = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        subprocess.run(("git", "-C", str(self.root), *words), env={**os.environ, **given}, check=True)

    def commit(self, message: str, *, at: int) -> None:
        """Commit everything at a time, seconds since 1970."""
        self.git("add", "--all")
        self.git("-c", "commit.gpgsign=false", "commit", "--quiet", "--message", message, at=at)

    def document(self, name: str) -> Any:
        """A JSON document of `out/`."""
        return json.loads((self.root / "out" / name).read_text(encoding="utf-8"))

    def records(self) -> dict[str, Any]:
        """The records of builds by target, those of the last build that each target had."""
        found = (json.loads(path.read_text()) for path in sorted((self.root / "out" / "builds").glob("*/*.json")))
        return {record["target"]: record for record in sorted(found, key=lambda record: str(record["started"]))}

    @property
    def left(self) -> list[str]:
        """What is left of passing files."""
        folder = self.root / "out" / "tmp"
        return [path.name for path in folder.iterdir()] if folder.exists() else []

    @property
    def processes(self) -> list[str]:
        """Command lines of processes that work for it."""
        return [line for line in _command_lines() if str(self.root) in line]

    def staged(self, arch: str) -> list[str]:
        """The build IDs in staging."""
        tags = self.get(f"staging/{self.name}/staging-{arch}/tags/list")
        return sorted(tag for tag in tags["tags"] if _BUILD_ID.fullmatch(tag)) if tags else []

    def created(self, arch: str) -> str:
        """When the one image in staging says that it was made."""
        place = f"staging/{self.name}/staging-{arch}"
        _, index = self.manifest(place, self.staged(arch)[0])
        _, image = self.manifest(place, index["manifests"][0]["digest"])
        return str(self.get(f"{place}/blobs/{image['config']['digest']}")["created"])

    def shared(self, tag: str = "slim-trixie") -> tuple[str, Any]:
        """The digest and content of what a public tag names; empty when there is none."""
        return self.manifest(f"library/{self.name}", tag)

    def manifest(self, repository: str, reference: str) -> tuple[str, Any]:
        return manifest(self.registry, repository, reference)

    def get(self, path: str) -> Any:
        return _get(self.registry, path)[1]


def manifest(registry: str, repository: str, reference: str) -> tuple[str, Any]:
    """The digest and content of a manifest, asked of the registry itself."""
    return _get(registry, f"{repository}/manifests/{reference}")


def put_manifest(registry: str, repository: str, reference: str, document: Any) -> str:
    """Store a manifest or index behind the tool's back; returns its digest."""
    request = urllib.request.Request(
        f"http://{registry}/v2/{repository}/manifests/{reference}",
        data=json.dumps(document).encode(),
        headers={"Content-Type": document["mediaType"]},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(response.headers["Docker-Content-Digest"])


def _get(registry: str, path: str) -> tuple[str, Any]:
    request = urllib.request.Request(f"http://{registry}/v2/{path}", headers={"Accept": _ACCEPT})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.headers.get("Docker-Content-Digest", ""), json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404:
                return "", None
            raise


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue  # it ended
        yield shlex.join(words)
