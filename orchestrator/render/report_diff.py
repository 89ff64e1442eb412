"""What differs between two images, as Markdown for people and as a document for programs."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.report import Report
from orchestrator.model.report.diff import Change, Diff, LayerChange, MadeLayer, PackageChanges, PlatformDiff
from orchestrator.model.report.package_versions import Course
from orchestrator.render.report import rounded_size
from orchestrator.render.report_document import platform_document

_NOTHING = "-"
_SHOWN_LETTERS = 100
_SPACE = re.compile(r"\s+")
_NUMBER = "--:"
_TEXT = "---"


def diff_markdown(diff: Diff) -> str:
    """Sizes of all platforms; then what is in them, once for those alike; then the layers of each."""
    sections = [_head(diff), _sizes(diff.platforms)]
    sections += (_contents(several) for several in _alike(diff.platforms))
    sections += (_layers(each) for each in diff.platforms if each.layers)
    return "".join(f"{line}\n" for line in chain.from_iterable(sections))


def diff_document(diff: Diff) -> dict[str, Any]:
    """What `report --diff --format json` prints, schema 1; sizes are bytes."""
    return {
        "schema": 1,
        "exit_code": int(ExitCode.DONE),
        "before": _name(diff.before),
        "after": _name(diff.after),
        "platforms": [_platform(each) for each in diff.platforms],
    }


def _head(diff: Diff) -> Iterator[str]:
    yield f"## `{diff.before.name.short}` → `{diff.after.name.short}`"
    yield ""
    for title, report in (("Before", diff.before), ("After", diff.after)):
        yield f"-\t{title}: `{report.top.digest if report.top else _NOTHING}`"


def _sizes(platforms: Iterable[PlatformDiff]) -> Iterator[str]:
    rows = []
    for each in platforms:
        before, after = each.pair.sizes
        change = "the same image" if each.pair.is_same else _growth(before, after)
        rows.append((each.pair.platform, _size(before), _size(after), change))
    yield ""
    yield from _table({"platform": _TEXT, "before": _NUMBER, "after": _NUMBER, "change": _NUMBER}, rows)


def _alike(platforms: Iterable[PlatformDiff]) -> list[list[PlatformDiff]]:
    """The platforms with two images, those together in which the same has changed."""
    groups: list[list[PlatformDiff]] = []
    for each in platforms:
        if not each.layers:
            continue
        group = next((group for group in groups if _inner(group[0]) == _inner(each)), None)
        if group is None:
            groups.append(group := [])
        group.append(each)
    return groups


def _inner(diff: PlatformDiff) -> tuple[object, ...]:
    return diff.settings, diff.environment, diff.labels, diff.packages


def _contents(several: Sequence[PlatformDiff]) -> Iterator[str]:
    diff = several[0]
    yield ""
    yield f"### {', '.join(each.pair.platform for each in several)}"
    told = {"": diff.settings, "environment ": diff.environment, "label ": diff.labels}
    rows = [(f"{kind}{change.name}", change) for kind, changes in told.items() for change in changes]
    yield ""
    if rows:
        cells = ((_cell(name), _value(change.before), _value(change.after)) for name, change in rows)
        yield from _table(dict.fromkeys(("configuration", "before", "after"), _TEXT), cells)
    else:
        yield "Configuration: no change"
    if diff.packages is not None:
        yield from _packages(diff.packages)


def _packages(found: PackageChanges) -> Iterator[str]:
    yield ""
    if found.problem:
        yield f"Packages: not known; {found.problem}"
        return
    courses = Counter(change.course for change in found.changes)
    counts = [f"{courses[course]} {course}" for course in Course if course in courses]
    yield f"Packages: {', '.join((*counts, f'{found.kept} the same'))} (from the {found.origin})"
    if found.changes:
        yield ""
        cells = (
            (str(each.course), _cell(f"{each.kind} {each.name}"), _value(each.before), _value(each.after))
            for each in found.changes
        )
        yield from _table(dict.fromkeys(("", "package", "before", "after"), _TEXT), cells)


def _layers(diff: PlatformDiff) -> Iterator[str]:
    rows = []
    for each in diff.layers:
        before, after = (made.size if made else None for made in (each.before, each.after))
        change = "kept" if each.is_kept else _growth(before, after)
        made = each.after or each.before
        rows.append((_size(before), _size(after), change, _code(made.instruction) if made else ""))
    yield ""
    yield f"### Layers - {diff.pair.platform}"
    yield ""
    yield from _table({"before": _NUMBER, "after": _NUMBER, "change": _NUMBER, "instruction": _TEXT}, rows)


def _table(columns: dict[str, str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of Markdown; columns by their title with how they are aligned."""
    for row in (tuple(columns), tuple(columns.values()), *rows):
        yield f"| {' | '.join(row)} |"


def _growth(before: int | None, after: int | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    sign = "+" if after > before else "-"
    return "same size" if before == after else f"{sign}{rounded_size(abs(after - before))}"


def _size(count: int | None) -> str:
    return _NOTHING if count is None else rounded_size(count)


def _value(text: str | None) -> str:
    return _NOTHING if text is None else _code(text)


def _code(text: str) -> str:
    cell = _cell(text).replace("`", "'")
    return f"`{cell}`" if cell else ""


def _cell(text: str) -> str:
    """A text on one line of a table, cut to a length that people read; the JSON document has all of it."""
    line = _SPACE.sub(" ", text).strip()
    shown = line if len(line) <= _SHOWN_LETTERS else f"{line[:_SHOWN_LETTERS]}…"
    return shown.replace("|", "\\|")


def _name(report: Report) -> dict[str, Any]:
    return {"image": report.name.short, "digest": report.top.digest if report.top else None}


def _platform(diff: PlatformDiff) -> dict[str, Any]:
    image = diff.pair.after or diff.pair.before
    digests, sizes = diff.pair.digests, diff.pair.sizes
    return {
        "platform": platform_document(image.descriptor) if image else {},
        "before": _image(digests[0], sizes[0]),
        "after": _image(digests[1], sizes[1]),
        "layers": [_layer(each) for each in diff.layers],
        "settings": [_change(each) for each in diff.settings],
        "environment": [_change(each) for each in diff.environment],
        "labels": [_change(each) for each in diff.labels],
        "packages": _package_document(diff.packages) if diff.packages else None,
    }


def _image(digest: str | None, size: int | None) -> dict[str, Any] | None:
    return None if digest is None else {"digest": digest, "size": size}


def _layer(change: LayerChange) -> dict[str, Any]:
    return {"before": _made(change.before), "after": _made(change.after)}


def _made(made: MadeLayer | None) -> dict[str, Any] | None:
    return {"digest": made.digest, "size": made.size, "instruction": made.instruction or None} if made else None


def _change(change: Change) -> dict[str, Any]:
    return {"name": change.name, "before": change.before, "after": change.after}


def _package_document(found: PackageChanges) -> dict[str, Any]:
    return {
        "from": str(found.origin),
        "problem": found.problem or None,
        "kept": found.kept,
        "changes": [
            {
                "kind": each.kind,
                "name": each.name,
                "before": each.before,
                "after": each.after,
                "course": str(each.course),
            }
            for each in found.changes
        ],
    }
