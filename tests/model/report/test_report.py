"""Tests of what a report knows of an image."""

import pytest

from orchestrator.model.oci import DOCKER_MANIFEST, OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.report import ImageReport, Layer, printable
from orchestrator.model.report.config import Settings, Step

CONFIG = Descriptor("config", digest_of(b"config"), 2)
STEPS = (Step(None, "one", is_empty=False), Step(None, "two", is_empty=True))


def image(platform: Platform | None = None, *, os_version: str = "", **more: tuple[str, ...]) -> ImageReport:
    descriptor = Descriptor(
        DOCKER_MANIFEST, digest_of(b"x"), 7, platform, os_version, os_features=more.get("os_features", ())
    )
    layers = (Layer(Descriptor(OCI_LAYER, digest_of(b"layer"), 30)),)
    return ImageReport(descriptor, CONFIG, Settings(), None, STEPS, layers, cpu_features=more.get("cpu_features", ()))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (image(Platform("linux", "amd64")), "linux; amd64"),
        (image(Platform("linux", "arm", "v7")), "linux; arm variant v7"),
        (image(Platform("windows", "amd64"), os_version="10.0.17763.864"), "windows version 10.0.17763.864; amd64"),
        (
            image(Platform("windows", "amd64"), os_features=("win32k", "x"), cpu_features=("sse4",)),
            "windows ft. win32k, x; amd64 ft. sse4",
        ),
        (image(), "linux; amd64"),
        (image(Platform("", "s390x")), "linux; s390x"),
    ],
)
def test_a_platform_is_written_as_repo_info_does(found: ImageReport, expected: str) -> None:
    assert found.platform == expected


def test_windows_stands_for_its_release() -> None:
    found = image(Platform("windows", "amd64"), os_version="10.0.17763.864")

    assert found.place == ("windows/amd64", "10.0.17763")


def test_the_size_is_that_of_the_layers() -> None:
    assert image().size == 30


def test_a_layer_belongs_to_the_step_that_made_it() -> None:
    assert image().layer_steps() == (STEPS[0],)


def test_a_history_of_other_length_tells_nothing_of_layers() -> None:
    without = image()

    found = ImageReport(without.descriptor, CONFIG, Settings(), None, (), without.layers)

    assert found.layer_steps() == (None,)


def test_words_of_a_stranger_fit_on_a_line() -> None:
    strange = Descriptor(
        f"{OCI_MANIFEST}\n",
        CONFIG.digest,
        1,
        Platform("li\x1bnux", "amd64"),
        "1\n",
        os_features=("\r",),
        artifact_type="\n",
    )

    assert printable(strange) == Descriptor(
        f"{OCI_MANIFEST}\ufffd",
        CONFIG.digest,
        1,
        Platform("li\ufffdnux", "amd64"),
        "1\ufffd",
        os_features=("\ufffd",),
        artifact_type="\ufffd",
    )
