"""The cache of downloads that builds need: content-addressed, verified, shared by all checkouts of this machine."""

import asyncio
import difflib
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orchestrator.errors import (
    ContractBrokenError,
    InputError,
    LocalOutputError,
    OrchestratorError,
    UnavailableError,
    joined,
)
from orchestrator.model.facts import Source
from orchestrator.tools.downloads import Download
from orchestrator.tools.locks import locked
from orchestrator.tools.logs import log

AT_ONCE = 4
_READ_ONLY = 0o444


def place(source: Source, cache: Path) -> Path:
    """Where a download is kept: by its checksum, or, where there is none, by its URL and name."""
    if source.sha256:
        return cache / "sha256" / source.sha256
    return cache / "named" / hashlib.sha256(f"{source.url}\n{source.file}".encode()).hexdigest()


def cached(source: Source, cache: Path) -> Path | None:
    """The cached file, hashed anew; None when it is missing or no longer what it was."""
    path = place(source, cache)
    if not path.is_file():
        return None
    return path if not source.sha256 or _sha256(path) == source.sha256 else None


def urls(url: str, mirrors: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Where a download may be had: at each mirror of the beginning of its URL, then at the URL itself."""
    mirrored = (
        f"{mirror.rstrip('/')}{url.removeprefix(prefix.rstrip('/'))}"
        for prefix, several in mirrors.items()
        if url.startswith(f"{prefix.rstrip('/')}/")
        for mirror in several
    )
    return tuple(dict.fromkeys((*mirrored, url)))


async def fetch(
    sources: Iterable[Source], *, cache: Path, download: Download, mirrors: Mapping[str, Sequence[str]]
) -> dict[Source, Path]:
    """Have each download in the cache, fetching each of those that are not there once.

    A file gets its name in the cache only after its checksum was right. Processes that fetch the same at once wait for
    each other. Raises one error with all that is wrong: ContractBrokenError for content with another checksum,
    UnavailableError for what cannot be had now, InputError for what exists nowhere.
    """
    by_place: dict[Path, list[Source]] = {}
    for source in dict.fromkeys(sources):
        by_place.setdefault(place(source, cache), []).append(source)
    slots = asyncio.Semaphore(AT_ONCE)

    async def outcome(path: Path) -> OrchestratorError | None:
        try:
            async with slots:
                await _fetch(by_place[path], path, cache=cache, download=download, mirrors=mirrors)
        except OrchestratorError as error:
            return error
        except OSError as error:
            return LocalOutputError(f"{error.filename or path}: {error.strerror}; downloads are kept in {cache}")
        return None

    errors = [error for error in await asyncio.gather(*map(outcome, by_place)) if error]
    if errors:
        raise joined(errors)
    return {source: path for path, several in by_place.items() for source in several}


async def _fetch(
    same: Sequence[Source], path: Path, *, cache: Path, download: Download, mirrors: Mapping[str, Sequence[str]]
) -> None:
    """Have one file in the cache; the sources are those that name it."""
    if await asyncio.to_thread(cached, same[0], cache):
        return
    async with locked(cache / "locks" / path.name):
        if await asyncio.to_thread(cached, same[0], cache):
            return
        part = _part(path, file=same[0].file)
        try:
            url = await _download(same, part, download=download, mirrors=mirrors)
            _keep(part, path)
        finally:
            part.unlink(missing_ok=True)
    log.info("fetched", file=same[0].file, url=url)


def _part(path: Path, *, file: str) -> Path:
    """Where a file is written until it is complete."""
    if path.exists():
        log.warning("the cached download is damaged; fetching it again", file=file, path=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{path.name}.part")


async def _download(
    same: Sequence[Source], part: Path, *, download: Download, mirrors: Mapping[str, Sequence[str]]
) -> str:
    """Get the file from the first place that has it; returns that URL."""
    source = same[0]
    tried: list[str] = []
    is_absent = True
    for url in dict.fromkeys(url for each in same for url in urls(each.url, mirrors)):
        try:
            found = await download(url, into=part, is_verified=bool(source.sha256))
        except UnavailableError as error:
            tried += error.problems
            is_absent = False
            continue
        if found is None:
            tried.append(f"{url} does not exist")
        elif source.sha256 in ("", found):
            return url
        else:
            raise ContractBrokenError(
                f"{source.file}: {url} has sha256 {found}, expected {source.sha256}; it was thrown away: compare with "
                "what the publisher announces, then correct versions.json or the mirror"
            )
    if is_absent:
        raise InputError(f"{source.file}: {'; '.join(tried)}; correct versions.json or `sources` in orchestrator.yaml")
    raise UnavailableError(
        f"{source.file} cannot be fetched ({'; '.join(tried)}); run again, or get it by other means and run "
        f"`orchestrator sources add {source.file}`"
    )


def matching(file: Path, sources: Iterable[Source], *, url: str = "", unknown: bool = False) -> tuple[Source, ...]:
    """The downloads that a file, got by other means, can serve as.

    It is known by its checksum; downloads that have none are known by their URL, if it is given, or else by their name,
    if only one is called so. A file that serves none is an InputError, unless `unknown` ones are welcome.
    """
    try:
        content = _sha256(file)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    known = tuple(dict.fromkeys(sources))
    if verified := tuple(source for source in known if source.sha256 == content):
        return verified
    named = tuple(
        source for source in known if not source.sha256 and url in ("", source.url) and source.file == file.name
    )
    if len(named) > 1:
        urls = ", ".join(source.url for source in named)
        raise InputError(
            f"{file}: several downloads without checksum have this name; say by `--url` which it is: {urls}"
        )
    if named or unknown:
        return named
    raise InputError(_why_unknown(file.name, content, known))


def add(file: Path, served: Iterable[Source], *, cache: Path) -> None:
    """Copy a file into the cache as these downloads; as none of them, it is kept under its checksum."""
    try:
        for path in {place(source, cache) for source in served} or {cache / "sha256" / _sha256(file)}:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Not the name that `fetch` writes to, so that the two cannot meet.
            part = path.with_name(f"{path.name}.added")
            shutil.copyfile(file, part)
            _keep(part, path)
    except OSError as error:
        raise LocalOutputError(f"{error.filename or file}: {error.strerror}; {file} was not added") from error


def stage(sources: Iterable[Source], *, cache: Path, into: Path) -> Path:
    """Make `into` a folder that holds exactly these downloads under their own names, for one build.

    The files must be in the cache (`fetch`); they are its very files where the disk allows it, so nobody may write to
    them. Raises InputError when two different downloads have one name, LocalOutputError when the disk refuses.
    """
    files: dict[str, Path] = {}
    for source in sources:
        path = place(source, cache)
        if files.setdefault(source.file, path) != path:
            raise InputError(f"{source.file}: two different downloads of one build have this name; rename one")
    try:
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        for name, path in sorted(files.items()):
            _link(path, into / name)
    except OSError as error:
        raise LocalOutputError(f"{error.filename or into}: {error.strerror}; the build needs it in {into}") from error
    return into


def _why_unknown(name: str, content: str, known: Sequence[Source]) -> str:
    same_name = sorted({source.sha256 for source in known if source.file == name})
    if same_name:
        return (
            f"{name}: its sha256 is {content}, but versions.json expects {' or '.join(same_name)}; "
            "it is damaged or not the file that was meant"
        )
    near = difflib.get_close_matches(name, sorted({source.file for source in known}), n=1)
    hint = f"did you mean {near[0]}?" if near else "`orchestrator sources list` shows what is needed"
    return f"{name}: no build needs a file of this name or with sha256 {content}; {hint} (--any keeps it)"


def _keep(part: Path, path: Path) -> None:
    """Give a complete file its name in the cache, all at once."""
    part.chmod(_READ_ONLY)
    # A time of its own would travel with the file into build contexts and make equal builds differ.
    os.utime(part, (0, 0))
    part.replace(path)


def _link(path: Path, target: Path) -> None:
    try:
        target.hardlink_to(path)
    except OSError:
        # Another disk, or one without hard links.
        shutil.copy2(path, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
