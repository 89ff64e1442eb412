"""What looks like a mistake in a move of a tag that is allowed."""

from collections import defaultdict
from collections.abc import Iterator

from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import Publication
from orchestrator.model.targets import Target
from orchestrator.model.versions import final_version, release_order


def lint(publication: Publication, live: Live) -> Iterator[str]:
    """A line each: a tag that goes back, an exact one that changes its version, a pre-release that nobody asked for."""
    if live.is_damaged:
        yield "the registry could not read what it named, so nobody can say what it had"
    if live.document is not None and not live.members:
        yield "what it named is no image"
    had = {member.place: member.version for member in live.members if member.version}
    changes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for member in publication.members:
        old = had.get(member.place, member.version)
        if old != member.version:
            changes[old, member.version].append(member.platform)
    for (old, new), platforms in changes.items():
        if publication.is_exact:
            yield f"an exact tag goes from {old} to {new} on {', '.join(platforms)}"
        elif release_order(new) < release_order(old):
            yield f"goes back from {old} to {new} on {', '.join(platforms)}"
    for version in sorted({target.facts.version for target in publication.expected if _hides(publication, target)}):
        yield f"names the pre-release {version}"


def _hides(publication: Publication, target: Target) -> bool:
    """Whether a tag names a pre-release without saying so, as 3.15-rc does."""
    is_final = target.facts.version == final_version(target.facts.version)
    says_so = "-" in target.facts.line and publication.tag.tag.startswith(target.facts.line)
    return not (is_final or publication.is_exact or says_so)
