"""Image reports for a terminal: the platforms side by side, then how each image was made."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.model.oci import Descriptor
from orchestrator.model.report import ImageReport, Report
from orchestrator.model.report.instructions import instruction
from orchestrator.model.report.packages import SPDX
from orchestrator.render.report import rounded_size, words_text

_SPACE = re.compile(r"\s+")
_VERSION = re.compile(r"v[0-9.]+")
_SIZE_WIDTH = len("1000.0 MB")
_DAY_WIDTH = len("2026-01-31")
_DIGEST_LETTERS = 12


def report_screen(report: Report) -> RenderableType:
    """A report as rich draws it; what does not fit on a line is cut, `--format markdown` has it in full."""
    if report.top is None:
        return Group(Text(report.name.short, style="bold"), Text("does not exist (yet?)", style="yellow"), "")
    sections = [part for image in report.images for part in _image(image)]
    head = (Text(report.name.short, style="bold"), Text(report.top.digest, style="dim"), _platforms(report))
    return Group(*head, *_referrers(report.referrers), *sections)


def _platforms(report: Report) -> Table:
    """One row each; what nobody attested gets no column."""
    is_attested = any(image.attestations for image in report.images)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("platform", no_wrap=True, overflow="ellipsis")
    table.add_column("size", justify="right", no_wrap=True, min_width=_SIZE_WIDTH)
    table.add_column("made", no_wrap=True, min_width=_DAY_WIDTH)
    table.add_column("digest", no_wrap=True, min_width=_DIGEST_LETTERS)
    if is_attested:
        table.add_column("attested", no_wrap=True, overflow="ellipsis")
    for image in report.images:
        kinds = dict.fromkeys(kind for each in image.attestations for kind in map(_kind, each.predicates))
        attested = [Text(", ".join(kinds))] if is_attested else []
        size, day = rounded_size(image.size), _day(image.created)
        table.add_row(Text(image.platform), size, day, _digits(image.descriptor.digest), *attested)
    for other in report.others:
        table.add_row(Text(other.artifact_type or other.media_type), "", "", _digits(other.digest))
    return table


def _image(image: ImageReport) -> Iterator[RenderableType]:
    yield Text(image.platform, style="bold")
    for name, words in _settings(image):
        yield Text.assemble((f"{name} ", "dim"), words)
    yield from _referrers(image.referrers)
    yield _history(image)


def _referrers(several: Sequence[Descriptor] | None) -> Iterator[RenderableType]:
    for each in several or ():
        words = f"{_digits(each.digest)} {each.artifact_type or each.media_type}"
        yield Text.assemble(("referrer ", "dim"), words, no_wrap=True, overflow="ellipsis")


def _settings(image: ImageReport) -> Iterator[tuple[str, str]]:
    settings = image.settings
    for name, words in (("entrypoint", settings.entrypoint), ("command", settings.command), ("shell", settings.shell)):
        if words:
            yield name, words_text(words).replace("\\/", "/")
    yield "image", image.config.digest


def _history(image: ImageReport) -> Table:
    """The history with the size of each layer, the oldest step first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("made", no_wrap=True, style="dim")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("instruction", no_wrap=True, overflow="ellipsis", ratio=1)
    sizes = [rounded_size(layer.descriptor.size) for layer in image.layers]
    are_told = all(image.layer_steps())
    sized = iter(sizes if are_told else ())
    for step in image.steps:
        text = instruction(step.created_by, shell=image.settings.shell or ())
        size = "" if step.is_empty else next(sized, "")
        table.add_row(_day(step.created), size, Text(_SPACE.sub(" ", text)))
    for size in () if are_told else sizes:
        table.add_row("", size, "a layer of which the history does not tell")
    return table


def _day(when: dt.datetime | None) -> str:
    return when.date().isoformat() if when else ""


def _digits(digest: str) -> str:
    """A digest as far as people compare it, without its algorithm."""
    return digest.partition(":")[2][:_DIGEST_LETTERS]


def _kind(predicate: str) -> str:
    """What people call a predicate: the end of its address, without the version."""
    if predicate == SPDX:
        return "SBOM"
    words = [word for word in predicate.split("/") if not _VERSION.fullmatch(word)]
    return words[-1].lower() if words else ""
