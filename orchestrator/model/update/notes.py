"""What a person should know of an update besides what changed, such as how a variant is held at its old release."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.model.config import Hold
from orchestrator.model.update import Artifact, Offer
from orchestrator.model.variants import Variant
from orchestrator.model.versions import final_version


def incomplete(name: str, version: str, files: Iterable[str]) -> str:
    """A release that is announced but not there as a whole."""
    return f"{name}: {version} is announced, but {', '.join(files)} cannot be had yet; it is left for a later run"


def withdrawn(name: str, newest: str, current: str) -> str:
    return (
        f"{name}: the newest release that upstream lists is {newest}, older than {current}, which the line keeps; "
        "see whether it was withdrawn"
    )


def gone(name: str, version: str, files: Iterable[str]) -> str:
    """Files of the release that a line is at already."""
    return f"{name}: upstream has no {', '.join(files)} any more; the line stays at {version} as it is"


def of_release(
    name: str, found: Offer, there: Collection[Artifact], *, old: Mapping[str, Any], holds: Sequence[Hold]
) -> Iterator[str]:
    """What to know when a line goes on to a release."""
    held = _held(name, holds)
    had = [variant for variant in found.needs if variant.path in old["variants"]]
    taken = found.variants(there)
    leaving = [variant for variant in had if variant not in taken]
    if leaving and not held.issuperset(leaving):
        yield _leaving(name, found, leaving, files=found.late(there), old=old)
    yield from not_to_hold(name, found.version, taken, holds=holds)
    if "-" in name and final_version(found.version) == found.version:
        yield f"{name}: {found.version} is final; rename the line to {name.partition('-')[0]} when it is to be one"


def not_to_hold(name: str, version: str, variants: Iterable[Variant], *, holds: Iterable[Hold]) -> Iterator[str]:
    """What to know of variants that a line has now, though they are held at an older release."""
    held = _held(name, holds)
    if back := [variant.name for variant in variants if variant in held]:
        yield f"{name}: {', '.join(back)} can have {version}; delete their hold in orchestrator.yaml"


def _held(name: str, holds: Iterable[Hold]) -> set[Variant]:
    return {variant for hold in holds if hold.line == name for variant in hold.variants}


def _leaving(
    name: str, found: Offer, leaving: Iterable[Variant], *, files: Iterable[str], old: Mapping[str, Any]
) -> str:
    variants = list(leaving)
    absent = ", ".join(files) or "downloads for them"
    hold = {
        "line": name,
        "variants": [variant.path for variant in variants],
        "facts": _facts(old, {artifact.name for variant in variants for artifact in found.needs[variant]}),
        "reason": f"there is no {absent} yet",
    }
    return (
        f"{name}: upstream has no {absent}, so the line goes on without "
        f"{', '.join(variant.name for variant in variants)}; to keep what it had at {old['version']}, "
        f"add this to `holds` in orchestrator.yaml: {json.dumps(hold)}"
    )


def _facts(old: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    checksums = {name: value for name, value in old.get("checksums", {}).items() if name in names}
    return {"version": old["version"], "checksums": checksums}
