"""Tests of reports on a terminal."""

import datetime as dt
import io
from dataclasses import replace

from rich.console import Console

from orchestrator.model.oci import OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from orchestrator.model.report import Attestation, ImageReport, Layer, Report
from orchestrator.model.report.config import Settings, Step
from orchestrator.render.report_screen import report_screen
from tests.golden import expected

NAME = Reference.parse("python:3.14-slim")
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
IMAGE = ImageReport(
    Descriptor(OCI_MANIFEST, digest_of(b"image"), 7, Platform("linux", "arm", "v7")),
    Descriptor("config", digest_of(b"config"), 7),
    Settings(entrypoint=("/run",), command=("python3",)),
    NOON,
    (
        Step(NOON, "ADD base in / ", is_empty=False),
        Step(NOON, "/bin/sh -c apt-get update \t\t&& apt-get install --yes a-package-with-a-long-name", is_empty=False),
        Step(None, 'CMD ["[red]x[/red]"]', is_empty=True),
    ),
    tuple(Layer(Descriptor(OCI_LAYER, digest_of(word), 30_000_000)) for word in (b"one", b"two")),
    (Attestation(digest_of(b"provenance"), ("https://slsa.dev/provenance/v1", "https://spdx.dev/Document")),),
)


def drawn(report: Report) -> str:
    file = io.StringIO()
    Console(file=file, width=80, highlight=False).print(report_screen(report))
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_a_report_fits_a_terminal_of_80_columns() -> None:
    chart = Descriptor(OCI_MANIFEST, digest_of(b"chart"), 7, artifact_type="application/vnd.chart")
    signature = Descriptor(OCI_MANIFEST, digest_of(b"signature"), 7, artifact_type=f"application/vnd.{'long.' * 12}sig")
    image = replace(IMAGE, referrers=(signature,))
    index = Descriptor(OCI_INDEX, digest_of(b"index"), 7)
    report = Report(NAME, NAME.repository, index, (image,), (chart,), (signature,))

    found = drawn(report)

    assert found == expected("reports/screen.txt", found)


def test_layers_of_which_the_history_does_not_tell_are_drawn_all_the_same() -> None:
    bare = replace(IMAGE, steps=(), attestations=())

    found = drawn(Report(NAME, NAME.repository, Descriptor(OCI_MANIFEST, IMAGE.descriptor.digest, 7), (bare,)))

    assert found.count("30.0 MB   a layer of which the history does not tell") == 2


def test_a_tag_that_does_not_exist_is_drawn() -> None:
    assert drawn(Report(NAME, NAME.repository, None)) == "python:3.14-slim\ndoes not exist (yet?)\n\n"
