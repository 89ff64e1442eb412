"""Writes reports as pages: one for each tag, and a table of contents for each repository."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrator.errors import InputError
from orchestrator.model.references import Reference, Repository
from orchestrator.model.report import Report
from orchestrator.render.report import contents, contents_of, first_words, page_of, pages
from orchestrator.tools import files
from orchestrator.tools.logs import log


@dataclass(frozen=True, slots=True)
class Written:
    """What became of pages."""

    changed: Sequence[PurePosixPath]
    gone: Sequence[PurePosixPath]


def write(
    root: Path, reports: Sequence[Report], *, failed: Collection[Reference], is_all: bool, dry_run: bool
) -> Written:
    """Write the pages that changed; where all tags were read also contents, and pages of tags that are gone go.

    A repository of which a report failed keeps its table of contents, and the tag its page. Raises InputError for an
    image without a tag, LocalOutputError.
    """
    names = [*(report.name for report in reports), *failed]
    if nameless := [name.short for name in names if not name.tag or name.digest]:
        raise InputError(*(f"-o: {name} is no tag that could name a page" for name in nameless))
    tree = pages(reports)
    gone: list[PurePosixPath] = []
    if is_all:
        tree |= _contents(reports, failed)
        kept = {*tree, *map(page_of, failed)}
        gone = [path for each in sorted({name.repository for name in names}) for path in _left_over(root, each, kept)]
    changed = files.stale(root, tree) if dry_run else files.write(root, tree)
    if not dry_run:
        files.delete(root, gone)
    return Written(changed, gone)


def _contents(reports: Sequence[Report], failed: Collection[Reference]) -> dict[PurePosixPath, str]:
    """The tables of contents of those repositories whose reports are all there."""
    incomplete = {name.repository for name in failed}
    for repository in sorted(incomplete):
        log.warning("the table of contents stays as it was", repository=repository.short)
    several: defaultdict[Repository, list[Report]] = defaultdict(list)
    for report in reports:
        several[report.name.repository].append(report)
    return {contents_of(each): contents(each, told) for each, told in several.items() if each not in incomplete}


def _left_over(root: Path, repository: Repository, kept: Collection[PurePosixPath]) -> list[PurePosixPath]:
    """Pages of tags of a repository that it has no more."""
    folder = page_of(repository.tagged("any")).parent
    return files.left_over(
        root, {}, header=first_words(repository), may_be_ours=lambda path: path.parent == folder and path not in kept
    )
