"""A small image on disk, and verbs run on it without a process of their own."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result

from orchestrator.commands.invocation import Invocation
from tests.fake_runner import Answer, FakeRunner

VERSIONS: Mapping[str, Any] = {
    "2.0": {"version": "2.0.1", "variants": ["trixie", "slim-trixie"]},
    "1.0": {"version": "1.0.7", "variants": ["trixie"]},
}
COMMIT = "0a" * 20
CONFIG = """\
image: tool
registry: registry.example
bases: {debian: "debian:{release}", slim: "debian:{release}-slim"}
aliases: {"2.0": ["2", "latest"]}
architectures: {debian: [amd64, s390x], slim: [amd64]}
exclude:
  - {arch: s390x, version: "<2", reason: "too old for it", until: 2027-01-31}
"""


def image(root: Path, *, config: str = CONFIG) -> Path:
    """Write versions.json, orchestrator.yaml and templates; returns the folder."""
    templates = root / "templates" / "dockerfile"
    templates.mkdir(parents=True)
    (root / "versions.json").write_text(json.dumps(VERSIONS))
    (root / "orchestrator.yaml").write_text(config)
    for group in ("debian", "slim"):
        (templates / f"{group}.j2").write_text("FROM {{ base }}\nENV TOOL_VERSION={{ version }}\n")
    return root


def rendered_image(root: Path, folders: Sequence[str], *, config: str) -> Path:
    """Write versions.json, orchestrator.yaml and a Dockerfile in each of these folders, made by no template."""
    (root / "versions.json").write_text(json.dumps(VERSIONS))
    (root / "orchestrator.yaml").write_text(config)
    for folder in folders:
        (root / folder).mkdir(parents=True)
        (root / folder / "Dockerfile").write_text("FROM scratch\n")
    return root


def committed(folders: Sequence[str]) -> FakeRunner:
    """A git in which COMMIT has the Dockerfiles of these folders."""
    return FakeRunner(
        {
            r"git .* rev-parse": Answer(stdout="\nfalse\n"),
            r"git .* ls-tree": Answer(stdout="".join(f"{folder}/Dockerfile\0" for folder in folders)),
            r"git .* log": Answer(stdout=f"{COMMIT} 00\n"),
        }
    )


def invocation(root: Path, *, runner: FakeRunner | None = None) -> Invocation:
    return Invocation(
        root=root,
        state=root / "state",
        environment={},
        overrides={},
        runner=runner or FakeRunner(),
        now=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        machine="x86_64",
        interactive=False,
    )


def run(command: click.Command, root: Path, *arguments: str, runner: FakeRunner | None = None) -> Result:
    return CliRunner().invoke(command, arguments, obj=invocation(root, runner=runner), standalone_mode=False)
