from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.tools.builders import results
from orchestrator.tools.buildx import Order
from tests.fakes import FakeRegistry
from tests.pushes import STAGING, Pushes, noted
from tests.samples import build, layout, program, tar


def order(root: Path) -> Order:
    return Order(
        build=build("2.0/trixie@amd64"),
        builder="default",
        context=root / "context",
        sources=None,
        output=root / "layout",
        epoch=315_532_800,
        log=root / "build.log",
    )


async def test_an_image_is_the_same_whichever_way_it_comes(tmp_path: Path) -> None:
    root = layout(tmp_path / "layout")
    noted(root)

    left = await results.left(order(tmp_path), FakeRegistry())
    sent = await results.sent(replace(order(tmp_path), pushes=True), Pushes(root))

    assert (sent.image, sent.attestations, sent.blobs) == (left.image, left.attestations, left.blobs)
    [layer] = left.image.layers
    assert left.blob(layer.digest) == root / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")
    assert sent.blob(layer.digest) == STAGING


@pytest.mark.parametrize("pushes", [True, False])
async def test_programs_for_another_machine_are_found_either_way(tmp_path: Path, *, pushes: bool) -> None:
    root = layout(tmp_path / "layout", "amd64", tar({"bin/tool": program("s390x")}))
    noted(root)
    collect = results.sent if pushes else results.left

    with pytest.raises(ContractBrokenError, match="holds programs for s390x, expected amd64"):
        await collect(order(tmp_path), Pushes(root))
