"""Tests of reports as Markdown: two real ones to the byte, and what they do not show."""

import datetime as dt
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from orchestrator.model.oci import OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference, Repository
from orchestrator.model.report import Attestation, ImageReport, Layer, Report
from orchestrator.model.report.config import Settings, Step
from orchestrator.render.report import (
    contents,
    contents_of,
    date_text,
    first_words,
    markdown,
    page_of,
    pages,
    report_markdown,
    size_text,
)
from orchestrator.tools.report_images import ReportImages
from tests.golden import expected
from tests.stored_images import InMemory, Store

NAME = Reference.parse("ghcr.io/example/tool:1.0")
DIGESTS = [digest_of(word) for word in (b"index", b"image", b"config", b"layer", b"provenance", b"chart")]
SIGNATURE = Descriptor(OCI_MANIFEST, digest_of(b"signature"), 7, artifact_type="application/vnd.signature")
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def image(**settings: tuple[str, ...] | None) -> ImageReport:
    return ImageReport(
        Descriptor(OCI_MANIFEST, DIGESTS[1], 7, Platform("linux", "arm64", "v8")),
        Descriptor("config", DIGESTS[2], 7),
        Settings(**settings),  # type: ignore[arg-type]  # only lists of words are given here
        NOON,
        (Step(NOON, "COPY . / # buildkit", is_empty=False), Step(None, 'CMD ["tool"]', is_empty=True)),
        (Layer(Descriptor(OCI_LAYER, DIGESTS[3], 1000)),),
    )


def report(*images: ImageReport, media_type: str = OCI_INDEX, others: tuple[Descriptor, ...] = ()) -> Report:
    return Report(NAME, NAME.repository, Descriptor(media_type, DIGESTS[0], 7), images, others)


@pytest.mark.parametrize("name", ["python-3.8-buster", "python-3.8.0-windowsservercore"])
async def test_a_report_has_the_form_of_repo_info_to_the_byte(name: str) -> None:
    store = Store()
    reference, text = store.recorded(name)

    found = await ReportImages(InMemory(store)).report(reference, [reference])

    assert markdown([found]) == text


def test_what_repo_info_does_not_know_has_a_place() -> None:
    attested = replace(
        image(entrypoint=("/run",), command=("a`b",)),
        attestations=(Attestation(DIGESTS[4], ("https://slsa.dev/provenance/v1", "https://spdx.dev/Document")),),
        referrers=(SIGNATURE,),
    )
    chart = Descriptor(OCI_MANIFEST, DIGESTS[5], 7, artifact_type="application/vnd.chart")

    found = report_markdown(replace(report(attested, others=(chart,)), referrers=(SIGNATURE,)))

    assert found == expected("reports/attested.md", found)


def test_an_image_without_an_index_has_one_platform_and_one_way_to_pull_it() -> None:
    found = report_markdown(report(image(), media_type=OCI_MANIFEST))

    assert found == expected("reports/single.md", found)


def test_a_tag_that_does_not_exist_is_reported() -> None:
    missing = Report(NAME, NAME.repository, None)

    assert markdown([missing, missing]) == (
        "## `ghcr.io/example/tool:1.0`\n\n**does not exist** (yet?)\n"
        "\n"
        "## `ghcr.io/example/tool:1.0`\n\n**does not exist** (yet?)\n"
    )


def test_no_step_of_a_history_ends_the_block_that_it_stands_in() -> None:
    hostile = replace(image(), steps=(Step(None, "RUN a\n```\n# owned", is_empty=False),))

    found = report_markdown(report(hostile))

    assert "\n````dockerfile\nRUN a\n```\n# owned\n````\n" in found


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0.0 B"),
        (234, "234.0 B"),
        (1000, "1000.0 B"),
        (1001, "1.0 KB (1001 bytes)"),
        (1_000_999, "1001.0 KB (1000999 bytes)"),
        (1_001_000, "1.0 MB (1001000 bytes)"),
        (192_044_870, "192.0 MB (192044870 bytes)"),
        (5_787_397_776, "5.8 GB (5787397776 bytes)"),
        (9_999_000_000_000_000, "9999.0 TB (9999000000000000 bytes)"),
    ],
)
def test_sizes_have_the_units_of_repo_info(count: int, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (dt.datetime(2019, 11, 22, 14, 54, 40, 999_999, tzinfo=dt.UTC), "Fri, 22 Nov 2019 14:54:40 GMT"),
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "Thu, 01 Jan 2026 00:00:00 GMT"),
        (dt.datetime(1, 1, 1, tzinfo=dt.UTC), "Mon, 01 Jan 0001 00:00:00 GMT"),
    ],
)
def test_dates_are_english_and_without_parts_of_a_second(when: dt.datetime, text: str) -> None:
    assert date_text(when) == text


def test_a_page_lies_below_its_repository() -> None:
    hub = Reference.parse("python:3.14-slim")

    assert (page_of(hub), contents_of(hub.repository)) == (
        PurePosixPath("python/remote/3.14-slim.md"),
        PurePosixPath("python/tag-details.md"),
    )


def test_every_page_begins_with_the_words_that_it_is_known_by() -> None:
    (text,) = pages([report(image())]).values()

    assert text.startswith(first_words(NAME.repository))


def test_contents_link_every_tag_and_hold_every_report() -> None:
    hub = Repository("docker.io", "library/python")
    reports = [Report(hub.tagged(tag), hub, None) for tag in ("3.8-buster", "latest")]

    assert contents(hub, reports) == (
        "<!-- written by `orchestrator report`; whoever edits this file loses it -->\n"
        "\n"
        "# Tags of `python`\n"
        "\n"
        "-\t[`python:3.8-buster`](#python38-buster)\n"
        "-\t[`python:latest`](#pythonlatest)\n"
        "\n" + markdown(reports)
    )
