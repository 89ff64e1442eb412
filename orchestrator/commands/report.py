"""Reports what images consist of, and what differs between two of them."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.text import Text

from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.report_pages import Written, write
from orchestrator.commands.report_reading import Outcomes, read_diff, read_reports
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.platforms import Platform
from orchestrator.model.report.diff import Diff
from orchestrator.render.report import markdown
from orchestrator.render.report_diff import diff_document, diff_markdown
from orchestrator.render.report_document import pages_document, reports_document
from orchestrator.render.report_screen import report_screen


@click.command(name="report")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option("--all", "is_all", is_flag=True, help="Every tag of repositories IMAGE; of the image's own without one.")
@click.option("--diff", "is_diff", is_flag=True, help="Show what differs between two images.")
@click.option("--platform", "platforms", multiple=True, help="With --diff: only this one: linux/arm64. Repeats.")
@click.option("--referrers", "with_referrers", is_flag=True, help="Also list signatures and the like beside images.")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write pages.")
@click.option("--dry-run", is_flag=True, help="With -o: name the pages that would change, and change none.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["auto", "text", "markdown", "json"]),
    default="auto",
    help="How to print: `text` is drawn for people, `auto` is that on a terminal and `markdown` elsewhere.",
)
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    images: tuple[str, ...],
    platforms: tuple[str, ...],
    output: Path | None,
    output_format: str,
    **flags: bool,
) -> ExitCode:
    """Report platforms, history, layers and attestations of images, wherever they are stored.

    IMAGE is a tag or digest in any registry, or a tag of this image at a date, like python:3.14-slim@2026-01-31. A
    report has the form of the Docker Official Images' repo-info. With -o each image gets a page below DIR; with --all
    besides, each repository a table of contents. A tag that does not exist is reported as such, with exit code 12.

    --diff compares two images: sizes, layers, settings, environment and packages, from SBOMs where both have one, else
    from the package databases in the layers.

    \b
    Example: orchestrator report python:3.14-slim
    Example: orchestrator report --all -o reports
    Example: orchestrator report --diff python:3.14-slim@2026-01-31 python:3.14-slim
    """
    asked = _Flags(**flags)
    _check(asked, count=len(images), has_platforms=bool(platforms), has_output=output is not None)
    if asked.is_diff:
        _print(_of_diff(run(read_diff(invocation, images, platforms=_platforms(platforms)))), output_format)
        return ExitCode.DONE
    reading = read_reports(invocation, images, is_all=asked.is_all, with_referrers=asked.with_referrers)
    found = run(reading)
    for problem in found.problems:
        click.echo(f"error: {problem}", err=True)
    if output is None:
        _print(_of_reports(found), output_format)
    else:
        failed = [name for name, _ in found.failed]
        written = write(output, found.reports, failed=failed, is_all=asked.is_all, dry_run=asked.dry_run)
        _print(_of_pages(written, found), output_format)
    return found.code


@dataclass(frozen=True, slots=True)
class _Flags:
    """What is to be told, and how."""

    is_all: bool
    is_diff: bool
    with_referrers: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """The same facts in each of the ways in which they may be printed."""

    markdown: str
    screen: RenderableType
    document: Mapping[str, Any]


def _of_reports(found: Outcomes) -> _Shown:
    screen = Group(*map(report_screen, found.reports))
    return _Shown(markdown(found.reports), screen, reports_document(found.reports, found.problems, code=found.code))


def _of_diff(diff: Diff) -> _Shown:
    text = diff_markdown(diff)
    return _Shown(text, Markdown(text), diff_document(diff))


def _of_pages(written: Written, found: Outcomes) -> _Shown:
    """The paths of what was written; they are data, so they look alike on a terminal and elsewhere."""
    lines = [*map(str, written.changed), *(f"{path} (gone)" for path in written.gone)]
    document = pages_document(written.changed, written.gone, found.problems, code=found.code)
    return _Shown("".join(f"{line}\n" for line in lines), Text("\n".join(lines)) if lines else Group(), document)


def _check(asked: _Flags, *, count: int, has_platforms: bool, has_output: bool) -> None:
    """Refuse options that do not go together, all of them at once."""
    rules = {
        "IMAGE: name one, or give --all for every tag of the image whose folder this is": not (count or asked.is_all),
        "--diff: name two images, what was before and what is after": asked.is_diff and count != 2,
        "--diff: compares two images; leave --all and -o out": asked.is_diff and (asked.is_all or has_output),
        "--referrers: goes with reports; leave it out with --diff": asked.is_diff and asked.with_referrers,
        "--platform: goes with --diff; a report shows every platform": has_platforms and not asked.is_diff,
        "--dry-run: nothing is written without -o": asked.dry_run and not has_output,
    }
    if problems := [problem for problem, is_broken in rules.items() if is_broken]:
        raise InputError(*problems)


def _platforms(words: Iterable[str]) -> frozenset[Platform]:
    try:
        return frozenset(Platform.parse(word).normal for word in words)
    except ValueError as error:
        raise InputError(f"--platform: {error}") from error


def _print(shown: _Shown, output_format: str) -> None:
    if output_format == "json":
        click.echo(json.dumps(shown.document, indent=2, ensure_ascii=False))
    elif output_format == "markdown" or (output_format == "auto" and not sys.stdout.isatty()):
        click.echo(shown.markdown, nl=False)
    else:
        Console(highlight=False).print(shown.screen)
