"""Reads a library file, and names everything that is wrong with it by its line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.errors import InputError
from orchestrator.model.library import (
    ORIGIN_FIELDS,
    Library,
    LibraryEntry,
    Origin,
    Override,
    merged,
)
from orchestrator.model.library.paragraphs import Item, LineProblem, Paragraph, paragraphs
from orchestrator.model.library.words import WORDS, is_insecure
from orchestrator.model.problems import nearest, shown

_REQUIRED_ORIGIN = ("GitRepo", "GitCommit")


@dataclass(frozen=True, slots=True)
class Reading:
    """A library file as it was read."""

    library: Library
    warnings: tuple[str, ...]
    """What was read as something else than what stands there, each with its line."""


@dataclass(frozen=True, slots=True)
class _Located:
    """An entry with the lines of its tags."""

    entry: LibraryEntry
    tags: tuple[Item, ...]
    shared_tags: tuple[Item, ...]


def read(text: str, *, name: str) -> Reading:
    """Read a library file; raises InputError that names every wrong place at once by its line.

    Entries that build the same are one, with the tags of all of them.
    """
    found, form = paragraphs(text)
    problems = list(form)
    first, rest = (found[0], found[1:]) if found else (Paragraph(1, {}), ())
    _check_names(found, problems)
    defaults = _read(first, _Located(LibraryEntry(), (), ()), problems)
    _check_defaults(first, problems)
    entries = [_read(paragraph, defaults, problems) for paragraph in rest]
    for paragraph in rest:
        _check_entry(paragraph, first, problems)
    _check_tags(entries, problems)
    if problems:
        raise InputError(*(f"{name}:{problem.line}: {problem.text}" for problem in sorted(set(problems))))
    library = Library(defaults.entry, merged(each.entry for each in entries))
    return Reading(library, tuple(f"{name}:{each.line}: {each.text}" for each in _warnings(found)))


def _read(paragraph: Paragraph, defaults: _Located, problems: list[LineProblem]) -> _Located:
    """A paragraph with what it takes from the defaults: some lists grow, all else stands until it is replaced."""
    base = defaults.entry
    words = {kind: _words(paragraph, kind, problems) for kind in WORDS if kind not in ORIGIN_FIELDS}
    shared_tags = words["SharedTags"] or defaults.shared_tags
    entry = LibraryEntry(
        maintainers=(*base.maintainers, *_texts(words["Maintainers"])),
        tags=_texts(words["Tags"]),
        shared_tags=tuple(dict.fromkeys(_texts(shared_tags))),
        architectures=tuple(sorted(set(_texts(words["Architectures"])))) or base.architectures,
        origin=_origin(paragraph, base.origin, problems),
        overrides=_overrides(paragraph, base.overrides, problems),
        constraints=(*base.constraints, *_texts(words["Constraints"])),
    )
    return _Located(entry, words["Tags"], shared_tags)


def _texts(items: Sequence[Item]) -> tuple[str, ...]:
    return tuple(item.text for item in items)


def _words(paragraph: Paragraph, kind: str, problems: list[LineProblem]) -> tuple[Item, ...]:
    """The words of a list as they are understood; wrong ones are left out."""
    field = paragraph.fields.get(kind)
    found: list[Item] = []
    for item in field.listed if field else ():
        text = _understood(item, kind, problems, name=kind)
        found += [] if text is None else [Item(item.line, text)]
    return tuple(found)


def _understood(item: Item, kind: str, problems: list[LineProblem], *, name: str) -> str | None:
    """A value of a kind, one of WORDS, as it is understood; None where it is wrong, which the field `name` then is."""
    try:
        return WORDS[kind](item.text)
    except ValueError as error:
        problems.append(LineProblem(item.line, f"{name}: {error}"))
        return None


def _origin(paragraph: Paragraph, base: Origin, problems: list[LineProblem]) -> Origin:
    given: dict[str, str] = {}
    for name, attribute in ORIGIN_FIELDS.items():
        if field := paragraph.fields.get(name):
            value = _understood(field.whole, name, problems, name=name)
            given |= {} if value is None else {attribute: value}
    return replace(base, **given)


def _overrides(paragraph: Paragraph, base: Sequence[Override], problems: list[LineProblem]) -> tuple[Override, ...]:
    """Those of the defaults and of the paragraph; an empty value takes one of the defaults back."""
    found = {override.name: override for override in base}
    for name, field in paragraph.fields.items():
        arch_name, _, kind = name.rpartition("-")
        if not _is_override(name) or not _understood(Item(field.line, arch_name), "Architectures", problems, name=name):
            continue
        if not field.text:
            found.pop(name, None)
        elif value := _understood(field.whole, kind, problems, name=name):
            found[name] = Override(arch_name, kind, value)
    return tuple(sorted(found.values(), key=lambda override: override.name))


def _is_override(name: str) -> bool:
    """Whether a field looks like `s390x-GitCommit`."""
    return "-" in name and name.rpartition("-")[2] in ORIGIN_FIELDS


def _check_names(found: Sequence[Paragraph], problems: list[LineProblem]) -> None:
    problems.extend(
        LineProblem(field.line, f"unknown field {shown(name)}; {nearest(name, WORDS)}")
        for paragraph in found
        for name, field in paragraph.fields.items()
        if name not in WORDS and not _is_override(name)
    )


def _check_defaults(first: Paragraph, problems: list[LineProblem]) -> None:
    maintainers, tags = first.fields.get("Maintainers"), first.fields.get("Tags")
    if not (maintainers and maintainers.text):
        problems.append(
            LineProblem(first.line, "Maintainers is missing in the first paragraph, which is for all entries")
        )
    if tags:
        problems.append(LineProblem(tags.line, "Tags in the first paragraph, which is for all entries; move it to one"))


def _check_entry(paragraph: Paragraph, first: Paragraph, problems: list[LineProblem]) -> None:
    tags = paragraph.fields.get("Tags")
    if not (tags and tags.text):
        problems.append(LineProblem(paragraph.line, "Tags is missing; an entry needs at least one"))
    problems.extend(
        LineProblem(paragraph.line, f"{name} is missing, here and in the first paragraph")
        for name in _REQUIRED_ORIGIN
        if name not in paragraph.fields and name not in first.fields
    )


def _check_tags(entries: Sequence[_Located], problems: list[LineProblem]) -> None:
    """Each tag names one entry, and a shared tag is no entry's own."""
    owners: dict[str, tuple[Item, _Located]] = {}
    for entry in entries:
        for item in entry.tags:
            first, _ = owners.setdefault(item.text, (item, entry))
            if first is not item:
                problems.append(LineProblem(item.line, f"the tag {item.text} stands on line {first.line} already"))
    problems.extend(
        LineProblem(item.line, _not_shared(item, entry, owners))
        for entry in entries
        for item in entry.shared_tags
        if item.text in owners
    )


def _not_shared(item: Item, carrier: _Located, owners: Mapping[str, tuple[Item, _Located]]) -> str:
    first, owner = owners[item.text]
    if owner is carrier:
        return f"the shared tag {item.text} is among the Tags of the same entry, on line {first.line}; keep one"
    return f"the shared tag {item.text} is the tag of another entry alone, on line {first.line}"


def _warnings(found: Sequence[Paragraph]) -> list[LineProblem]:
    return [
        LineProblem(field.line, f"{field.name}: {field.text} is read as https://, which GitHub speaks")
        for paragraph in found
        for field in paragraph.fields.values()
        if field.name.endswith("GitRepo") and is_insecure(field.text)
    ]
