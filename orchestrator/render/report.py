"""Image reports as Markdown, in the form of the Docker Official Images' repo-info."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from email.utils import format_datetime
from itertools import chain
from pathlib import PurePosixPath

from orchestrator.model.oci import Descriptor
from orchestrator.model.references import Reference, Repository
from orchestrator.model.report import Attestation, ImageReport, Layer, Report
from orchestrator.model.report.config import Step
from orchestrator.model.report.instructions import instruction

GENERATED = "<!-- written by `orchestrator report`; whoever edits this file loses it -->"
"""The first line of a table of contents. A page of one image has none: its form leaves no room for it."""

_UNITS = ("B", "KB", "MB", "GB", "TB")
_LONG_LINE = "  "
"""What makes Markdown break a line."""
_TICKS = re.compile("`+")
_NOT_IN_ANCHORS = re.compile(r"[^\w-]")


def markdown(reports: Iterable[Report]) -> str:
    """Reports one behind the other."""
    return "\n".join(map(report_markdown, reports))


def report_markdown(report: Report) -> str:
    """The report of one name; ends with one line break."""
    sections = (_top(report), *(_section(report, image) for image in report.images))
    return "".join(f"{line}\n" for line in chain.from_iterable(sections))


def page_of(name: Reference) -> PurePosixPath:
    """Where the page of a tag lies below the folder that is written to."""
    return PurePosixPath(name.repository.short) / "remote" / f"{name.tag}.md"


def first_words(repository: Repository) -> str:
    """What every page of a repository begins with."""
    return f"## `{repository.short}:"


def pages(reports: Iterable[Report]) -> dict[PurePosixPath, str]:
    """A page for each report, all of which name tags."""
    return {page_of(each.name): report_markdown(each) for each in reports}


def contents_of(repository: Repository) -> PurePosixPath:
    """Where the table of contents of a repository lies."""
    return PurePosixPath(repository.short) / "tag-details.md"


def contents(repository: Repository, reports: Sequence[Report]) -> str:
    """The table of contents of a repository with all its reports below."""
    links = (f"-\t[`{each.name.short}`](#{_anchor(each.name.short)})" for each in reports)
    head = (GENERATED, "", f"# Tags of `{repository.short}`", "", *links)
    return "".join(f"{line}\n" for line in head) + f"\n{markdown(reports)}"


def date_text(when: dt.datetime) -> str:
    """A date like `Fri, 22 Nov 2019 14:54:40 GMT`, whatever the locale; parts of a second are dropped."""
    return format_datetime(when, usegmt=True)


def size_text(count: int) -> str:
    """Bytes like `5.8 GB (5787397776 bytes)`; a unit is left only where more than 1000 whole ones of it would stand."""
    rounded = rounded_size(count)
    return rounded if rounded.endswith(f" {_UNITS[0]}") else f"{rounded} ({count} bytes)"


def rounded_size(count: int) -> str:
    """The same without the exact count."""
    step = next((step for step in range(len(_UNITS)) if count // 1000**step <= 1000), len(_UNITS) - 1)
    return f"{count / 1000**step:.1f} {_UNITS[step]}"


def words_text(words: Sequence[str]) -> str:
    """A list of words as JSON, slashes escaped."""
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")


def dockerfile_text(image: ImageReport) -> str:
    """The history of an image as the Dockerfile that might have made it, each instruction under its date."""
    return "\n".join(chain.from_iterable(_step(step, image) for step in image.steps))


def _top(report: Report) -> Iterator[str]:
    yield f"## `{report.name.short}`"
    yield ""
    if report.top is None:
        yield "**does not exist** (yet?)"
        return
    yield from _pull(report, report.top.digest)
    if report.is_index:
        yield f"-\tManifest MIME: `{report.top.media_type}`"
    yield "-\tPlatforms:"
    yield from (f"\t-\t{image.platform}" for image in report.images)
    if report.others:
        yield "-\tOther Content:"
        yield from map(_named, report.others)
    if report.referrers:
        yield "-\tReferrers:"
        yield from map(_named, report.referrers)


def _section(report: Report, image: ImageReport) -> Iterator[str]:
    yield ""
    yield f"### `{report.name.short}` - {image.platform}"
    yield ""
    if report.is_index:
        yield from _pull(report, image.descriptor.digest)
    yield from _settings(image)
    dockerfile = dockerfile_text(image)
    fence = _fence(dockerfile)
    yield ""
    yield f"{fence}dockerfile"
    yield from dockerfile.split("\n") if dockerfile else ()
    yield fence
    yield ""
    yield "-\tLayers:"
    yield from chain.from_iterable(map(_layer, image.layers))
    if image.attestations:
        yield ""
        yield "-\tAttestations:"
        yield from chain.from_iterable(map(_attestation, image.attestations))
    if image.referrers:
        yield ""
        yield "-\tReferrers:"
        yield from map(_named, image.referrers)


def _pull(report: Report, digest: str) -> Iterator[str]:
    yield "```console"
    yield f"$ docker pull {report.name.pinned(digest).short}"
    yield "```"
    yield ""


def _settings(image: ImageReport) -> Iterator[str]:
    settings = image.settings
    if settings.docker_version:
        yield f"-\tDocker Version: {settings.docker_version}"
    yield f"-\tManifest MIME: `{image.descriptor.media_type}`"
    yield f"-\tTotal Size: **{size_text(image.size)}**{_LONG_LINE}"
    yield "\t(compressed transfer size, not on-disk size)"
    yield f"-\tImage ID: `{image.config.digest}`"
    if settings.entrypoint:
        yield f"-\tEntrypoint: {_code(words_text(settings.entrypoint))}"
    if settings.command is not None:
        yield f"-\tDefault Command: {_code(words_text(settings.command))}"
    if settings.shell is not None:
        yield f"-\t`SHELL`: {_code(words_text(settings.shell))}"


def _step(step: Step, image: ImageReport) -> Iterator[str]:
    if step.created is not None:
        yield f"# {date_text(step.created)}"
    yield instruction(step.created_by, shell=image.settings.shell or ())


def _layer(layer: Layer) -> Iterator[str]:
    yield f"\t-\t`{layer.descriptor.digest}`{_LONG_LINE}"
    if layer.modified is not None:
        yield f"\t\tLast Modified: {date_text(layer.modified)}{_LONG_LINE}"
    yield f"\t\tSize: {size_text(layer.descriptor.size)}{_LONG_LINE}"
    yield f"\t\tMIME: {layer.descriptor.media_type}"


def _attestation(attestation: Attestation) -> Iterator[str]:
    told = [f"\t\tPredicate: {predicate}" for predicate in attestation.predicates]
    yield _LONG_LINE.join((f"\t-\t`{attestation.digest}`", "")) if told else f"\t-\t`{attestation.digest}`"
    yield from (f"{line}{_LONG_LINE}" for line in told[:-1])
    yield from told[-1:]


def _named(descriptor: Descriptor) -> str:
    return f"\t-\t`{descriptor.digest}` ({_kind(descriptor)})"


def _kind(descriptor: Descriptor) -> str:
    if descriptor.is_attestation:
        return f"attestation of {descriptor.subject or 'nothing'}"
    return descriptor.artifact_type or descriptor.media_type


def _code(text: str) -> str:
    """A span of code that the text cannot end: more backticks around it than stand within."""
    longest = max(map(len, _TICKS.findall(text)), default=0)
    return f"{'`' * (longest + 1)}{text}{'`' * (longest + 1)}" if longest else f"`{text}`"


def _fence(text: str) -> str:
    """The line before and after a block of code, which no line of the text can be."""
    return "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))


def _anchor(title: str) -> str:
    """What a link to a title says, as GitHub makes it."""
    return _NOT_IN_ANCHORS.sub("", title).lower()
