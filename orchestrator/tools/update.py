"""Looks up what upstream has for the lines of versions.json: newest release, files, checksums, further facts."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import InputError, OrchestratorError, UnavailableError
from orchestrator.model import update
from orchestrator.model.catalog import Line
from orchestrator.model.config import Config
from orchestrator.model.config.upstream import Listing
from orchestrator.model.facts import fill
from orchestrator.model.update import Artifact, FactText, Offer
from orchestrator.model.update import notes as update_notes
from orchestrator.model.update.outcome import LineUpdate
from orchestrator.model.update.pages import announced, versions_on
from orchestrator.model.versions import final_version
from orchestrator.tools.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Asked:
    """A line that is looked up."""

    name: str
    line: Line
    old: Mapping[str, Any]
    """What versions.json says of it, as plain JSON."""
    config: Config
    upstream: Upstream
    accept_changed_checksum: bool = False

    def offer(self, version: str) -> Offer:
        try:
            return update.offer(self.name, self.line, version, self.config)
        except ValueError as error:
            raise InputError(f"{self.name}: {error}; see `sources` and `upstream` in orchestrator.yaml") from error


async def line_update(asked: Asked) -> LineUpdate:
    """The line at the newest release that upstream has as a whole; a line that cannot be looked up stays as it is.

    It never goes back, and never loses anything because a page is empty or gone. A checksum that changed without the
    version is refused, unless it is asked for.
    """
    try:
        return await _line_update(asked)
    except OrchestratorError as error:
        problems = tuple(f"{asked.name} stays at {asked.line.version}: {problem}" for problem in error.problems)
        return LineUpdate(asked.name, asked.old, asked.old, problems=problems, code=error.exit_code)


async def _line_update(asked: Asked) -> LineUpdate:
    found = update.candidates(await _listed(asked), asked.name)
    if not found:
        entries = " or ".join(repr(listing.entry) for listing in asked.config.upstream.listings)
        raise UnavailableError(f"upstream lists no release of the line; expected {entries} on its pages; run again")
    current = asked.line.version
    if update.is_newer(current, found[0]):
        note = update_notes.withdrawn(asked.name, found[0], current)
        return LineUpdate(asked.name, asked.old, asked.old, notes=(note,))
    notes: list[str] = []
    for version in (each for each in found if update.is_newer(each, current)):
        offer = asked.offer(version)
        there = await _there(asked, offer)
        if not (missing := offer.missing(there)):
            return await _moved(asked, offer, there, notes)
        # The name of a folder alone announces nothing: pre-releases lie in the final release's.
        if there:
            notes.append(update_notes.incomplete(asked.name, version, missing))
    return await _mended(asked, notes)


async def _listed(asked: Asked) -> set[str]:
    """All versions that the listings name."""
    found: set[str] = set()
    for listing in asked.config.upstream.listings:
        pages = await asyncio.gather(*(asked.upstream.text(url) for url in _urls(asked, listing, found)))
        found.update(version for page in pages if page for version in versions_on(page, listing.entry))
    return found


def _urls(asked: Asked, listing: Listing, found: Iterable[str]) -> tuple[str, ...]:
    """The pages of a listing that may name what is newer than the line's release."""
    current = asked.line.version
    others = update.candidates(found, asked.name)
    # A folder has the pre-releases of its release as well, so the one of the line's own release counts too.
    wanted = {current, *(each for each in others if not update.is_newer(final_version(current), final_version(each)))}
    try:
        urls = (
            fill(listing.url, {"version": each, "final_version": final_version(each), "line": asked.name})
            for each in sorted(wanted)
        )
        return tuple(dict.fromkeys(urls))
    except ValueError as error:
        raise InputError(f"orchestrator.yaml: upstream/listings: {error}") from error


async def _there(asked: Asked, offer: Offer) -> frozenset[Artifact]:
    """The files of a release that upstream has."""
    artifacts = offer.artifacts
    found = await asyncio.gather(*(asked.upstream.exists(artifact.url) for artifact in artifacts))
    return frozenset(artifact for artifact, is_there in zip(artifacts, found, strict=True) if is_there)


async def _moved(asked: Asked, offer: Offer, there: frozenset[Artifact], notes: Iterable[str]) -> LineUpdate:
    """The line at a newer release."""
    variants = offer.variants(there)
    needed = dict.fromkeys(artifact for variant in variants for artifact in offer.needs[variant])
    checksums = {artifact.name: await _checksum(asked.upstream, artifact) for artifact in needed}
    new = update.changed(
        asked.old,
        version=offer.version,
        variants=variants,
        checksums=checksums,
        managed={artifact.name for artifact in offer.artifacts},
        facts={fact.key: await _fact(asked.upstream, fact) for fact in offer.facts},
    )
    told = update_notes.of_release(asked.name, offer, there, old=asked.old, holds=asked.config.holds)
    return LineUpdate(asked.name, asked.old, new, notes=(*notes, *told))


async def _mended(asked: Asked, notes: Iterable[str]) -> LineUpdate:
    """The line at the release that it has already, with the variants and checksums that came later."""
    offer = asked.offer(asked.line.version)
    there = await _there(asked, offer)
    variants = update.with_late(asked.line.variants, offer.variants(there), optional=asked.config.upstream.optional)
    needed = dict.fromkeys(artifact for variant in variants for artifact in offer.needs[variant])
    checksums = {artifact.name: await _current(asked, artifact) for artifact in needed if artifact in there}
    new = update.changed(
        asked.old,
        version=asked.line.version,
        variants=variants,
        checksums={name: sha256 for name, sha256 in checksums.items() if sha256 != _known(asked, name)},
        managed=(),
        facts={},
    )
    gone = tuple(sorted({artifact.file for artifact in needed if artifact not in there}))
    told = [update_notes.gone(asked.name, asked.line.version, gone)] if gone else []
    came = [variant for variant in variants if variant not in asked.line.variants]
    told += update_notes.not_to_hold(asked.name, asked.line.version, came, holds=asked.config.holds)
    return LineUpdate(asked.name, asked.old, new, notes=(*notes, *told))


async def _current(asked: Asked, artifact: Artifact) -> str:
    """The checksum of a file of the line's own release; raises InputError for one that changed and must not."""
    known = _known(asked, artifact.name)
    if not known:
        return await _checksum(asked.upstream, artifact)
    found = await _announced(asked.upstream, artifact) or known
    if found == known or asked.accept_changed_checksum:
        return found
    raise InputError(
        f"versions.json has sha256 {known} for {artifact.file}, upstream announces {found} now; a release does not "
        "change once it is out, so find out why it did, then accept it by --accept-changed-checksum"
    )


def _known(asked: Asked, name: str) -> str:
    """The checksum that versions.json has already; empty where it has none."""
    checksum = asked.line.checksums.get(name)
    return checksum.sha256 if checksum else ""


async def _checksum(upstream: Upstream, artifact: Artifact) -> str:
    return await _announced(upstream, artifact) or await _hashed(upstream, artifact)


async def _announced(upstream: Upstream, artifact: Artifact) -> str | None:
    """The checksum that the first document of those that exist announces; None where there is none."""
    for document in artifact.documents:
        text = await upstream.text(document.url)
        if text is not None:
            try:
                return announced(text, format_=document.format, file=artifact.file)
            except ValueError as error:
                raise UnavailableError(f"{document.url}: {error}; see what it is, or run again") from error
    return None


async def _hashed(upstream: Upstream, artifact: Artifact) -> str:
    found = await upstream.sha256(artifact.url)
    if found is None:
        raise UnavailableError(f"{artifact.url}: was there a moment ago and is not any more; run again")
    return found


async def _fact(upstream: Upstream, fact: FactText) -> str:
    text = await upstream.text(fact.url)
    found = versions_on(text or "", fact.entry)
    if len(found) != 1:
        raise UnavailableError(f"{fact.url}: expected {fact.entry!r} once, for `{fact.key}`; found {len(found)} of it")
    return min(found)
