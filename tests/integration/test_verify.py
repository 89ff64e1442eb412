"""`verify` as users run it: where it looks for images, and what it takes of registries that are not like others."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.references import Reference, Repository
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.pushing import client, image, push_index
from tests.real import orchestrator
from tests.samples import program, tar

pytestmark = pytest.mark.integration


@pytest.fixture
def tag(registry: str) -> Reference:
    """A tag with an image."""
    made = Repository(registry, f"library/verified-{os.urandom(4).hex()}").tagged("1.0")
    layer = tar({"bin/tool": program("amd64"), "salt": os.urandom(8)})

    async def pushed() -> None:
        async with client() as direct:
            await push_index(direct, made, [image(layer)])

    asyncio.run(pushed())
    return made


@pytest.mark.parametrize("is_configured", [True, False])
def test_an_image_is_verified_where_a_mirror_has_it(tag: Reference, tmp_path: Path, *, is_configured: bool) -> None:
    where = f"http://{tag.registry}"
    given = () if is_configured else ("--mirror", f"docker.io={where}")
    if is_configured:
        versions = {"1.0": {"version": "1.0.1", "variants": ["trixie"]}}
        (tmp_path / "versions.json").write_text(json.dumps(versions))
        (tmp_path / "orchestrator.yaml").write_text(f"image: tool\nmirrors: {{docker.io: {where}}}\n")

    finished = orchestrator(
        *("-C", str(tmp_path), *given, "verify", "--deep", f"{tag.path.removeprefix('library/')}:{tag.tag}"),
        state=tmp_path / "state",
    )

    assert finished.stdout.splitlines()[0].partition(" (")[0] == f"{tag.repository} {tag.tag}"


async def test_a_registry_that_leads_to_a_page_for_people_instead_of_a_list_of_signatures_harms_no_image(
    tag: Reference, tmp_path: Path
) -> None:
    async with FaultProxy(tag.registry) as proxy:
        proxy.rules = [Rule(path="/referrers/", status=303, headers={"Location": "https://people.example/page"})]
        there = Repository(proxy.address, tag.path).tagged(tag.tag)

        finished = await asyncio.to_thread(
            orchestrator, "verify", "--deep", str(there), state=tmp_path / "state", check=False
        )

    assert (finished.returncode, finished.stderr) == (ExitCode.DONE, "")
