"""README of an image whose Dockerfiles git has, and whose tags a real registry has."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.model.references import Reference
from orchestrator.tools.process import SystemRunner
from tests.pushing import client, image, push, push_index
from tests.real import orchestrator

pytestmark = pytest.mark.integration

CONFIG = """\
image: readme
git_url: https://github.com/example/readme.git
maintainers: ["One (@one)"]
public_name: readme
bases: {debian: "debian:{release}", slim: "debian:{release}-slim"}
aliases: {"2.0": ["2", "latest"]}
architectures: {debian: [amd64, s390x], slim: [amd64]}
readme: {pages: "https://example.com/{repository}"}
"""
VERSIONS = {"2.0": {"version": "2.0.1", "variants": ["trixie", "slim-trixie"]}}
AMD64, S390X = image(b"one"), image(b"two", platform="linux/s390x")


@pytest_asyncio.fixture
async def root(tmp_path: Path, runner: SystemRunner) -> Path:
    """A repository whose two Dockerfiles were committed one after the other."""
    (tmp_path / "versions.json").write_text(json.dumps(VERSIONS))
    (tmp_path / "orchestrator.yaml").write_text(CONFIG)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=One", "-c", "user.email=one@example.com"]
    await runner.run([*git, "init", "--quiet"])
    for variant in VERSIONS["2.0"]["variants"]:
        folder = tmp_path / "dockerfiles" / "2.0" / variant
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text("FROM scratch\n")
        await runner.run([*git, "add", "."])
        await runner.run([*git, "commit", "--quiet", "--message", variant])
    return tmp_path


@pytest_asyncio.fixture
async def published(registry: str) -> AsyncIterator[str]:
    """A registry where publishing has come as far as the first variant, and on one arch only to its exact tag."""
    async with client() as opened:
        for tag in ("2.0.1-trixie", "2.0-trixie", "2.0.1"):
            await push_index(opened, Reference(registry, "library/readme", tag), [AMD64, S390X])
            await push(opened, Reference(registry, "amd64/readme", tag), AMD64)
        await push(opened, Reference(registry, "s390x/readme", "2.0.1-trixie"), S390X)
    yield registry


async def test_links_lead_to_the_commits_that_git_has(root: Path, state: Path, runner: SystemRunner) -> None:
    log = await runner.run(["git", "-C", str(root), "log", "--format=%H"])
    last, first = log.stdout.split()

    text = orchestrator("-C", str(root), "readme", "--arch", "amd64", state=state).stdout

    page = "https://github.com/example/readme/blob"
    assert f"`trixie`]({page}/{first}/dockerfiles/2.0/trixie/Dockerfile)\n" in text
    assert f"`slim`]({page}/{last}/dockerfiles/2.0/slim-trixie/Dockerfile)\n" in text


@pytest.mark.parametrize(
    ("options", "simple", "shared"),
    [
        ((), "`2.0.1-trixie`, `2.0-trixie`", "`2.0.1`"),
        (("--arch", "amd64"), "`2.0.1-trixie`, `2.0-trixie`", "`2.0.1`"),
        (("--arch", "s390x"), "`2.0.1-trixie`", ""),
    ],
)
def test_only_what_the_registry_has_is_listed(
    root: Path,
    state: Path,
    published: str,
    options: tuple[str, ...],
    simple: str,
    shared: str,
) -> None:
    text = orchestrator("-C", str(root), "--registry", published, "readme", "--verified", *options, state=state).stdout

    entries = [line for line in text.splitlines() if line.startswith("-\t[")]
    groups = [line for line in text.splitlines() if line.startswith("-\t`")]
    assert [entry.partition("](")[0] for entry in entries] == [f"-\t[{simple}"]
    assert groups == ([f"-\t{shared}:"] if shared else [])
    assert "\t[`amd64`](https://example.com/amd64/readme), [`s390x`](https://example.com/s390x/readme)\n" in text


def test_a_registry_out_of_reach_is_no_reason_to_list_less(root: Path, state: Path) -> None:
    finished = orchestrator(
        "-C", str(root), "--registry", "127.0.0.1:1", "readme", "--verified", state=state, check=False
    )

    assert (finished.returncode, finished.stdout) == (13, "")
