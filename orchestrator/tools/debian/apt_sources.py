"""Where apt gets Debian from: the machine's own sources as values, and back into text for an apt of our own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

# https://www.debian.org/releases/; suites may also be called by what they are at the moment.
CODENAMES = ("bullseye", "bookworm", "trixie", "forky", "sid")
_ROLLING = ("oldoldstable", "oldstable", "stable", "testing", "unstable")
_POCKET = re.compile(r"(?:-updates|-security|-backports|-proposed-updates|/updates)$")
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<url>\S+)\s+(?P<suite>\S+)\s+(?P<components>\S.*)$")


@dataclass(frozen=True, slots=True)
class Mirror:
    """One archive that apt may install from."""

    url: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    """A keyring's path or the keys themselves, as sources.list(5) takes them; empty: the machine's trusted keys."""
    trusted: bool = False
    """The machine's administrator takes this archive without a signature."""

    @property
    def is_debian(self) -> bool:
        """Whether this is Debian's own archive or a mirror of it.

        Others use Debian's suite names for their packages too, so the key, or else the address, has to speak of Debian.
        """
        names = {_POCKET.sub("", suite) for suite in self.suites}
        speaks = "debian-archive" in self.signed_by if self.signed_by else re.search(r"\bdebian\b", self.url)
        return bool(speaks) and "main" in self.components and names <= {*CODENAMES, *_ROLLING}

    @property
    def is_release(self) -> bool:
        """Whether whole releases are here, and not only their security or other updates."""
        return any(not _POCKET.search(suite) for suite in self.suites)


def parse(files: Mapping[str, str]) -> tuple[Mirror, ...]:
    """The mirrors that apt's files name, by file name: `.sources` (deb822) or `.list` (one line each).

    Other files are left out as apt does, and so is what apt would refuse: apt itself says what is wrong with it.
    """
    found: list[Mirror] = []
    for name, text in sorted(files.items()):
        if name.endswith(".sources"):
            found += _stanzas(text)
        elif name.endswith(".list"):
            found += _lines(text)
    return tuple(found)


def sources(mirrors: Iterable[Mirror], *, types: str = "deb") -> str:
    """The text of a `.sources` file that names these mirrors; `deb-src` is the type of source packages."""
    return "\n".join(_stanza(mirror, types) for mirror in mirrors)


def with_suite(mirrors: Iterable[Mirror], suite: str) -> tuple[Mirror, ...]:
    """The mirrors, and one more for a suite that none of them has; raises ValueError when none can have it."""
    known = tuple(mirrors)
    if any(suite in mirror.suites for mirror in known):
        return known
    release = next((mirror for mirror in known if mirror.is_release), None)
    if release is None:
        raise ValueError(f"this machine's apt sources name no Debian mirror that has {suite}")
    return (*known, replace(release, suites=(suite,), components=("main",)))


def _stanzas(text: str) -> Iterator[Mirror]:
    for block in re.split(r"\n[ \t]*\n", text):
        fields = _fields(block)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") in {"no", "false", "0"}:
            continue
        for url in fields.get("uris", "").split():
            yield Mirror(
                url=url.rstrip("/"),
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
                trusted=fields.get("trusted") == "yes",
            )


def _fields(block: str) -> dict[str, str]:
    """The fields of a stanza by lower-case name; the lines of a long value stay lines."""
    fields: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in {" ", "\t"} and name:
            fields[name] += "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _lines(text: str) -> Iterator[Mirror]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match is None:
            continue
        options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
        yield Mirror(
            url=match["url"].rstrip("/"),
            suites=(match["suite"],),
            components=tuple(match["components"].split()),
            signed_by=options.get("signed-by", ""),
            trusted=options.get("trusted") == "yes",
        )


def _stanza(mirror: Mirror, types: str) -> str:
    lines = [
        f"Types: {types}",
        f"URIs: {mirror.url}",
        f"Suites: {' '.join(mirror.suites)}",
        f"Components: {' '.join(mirror.components)}",
    ]
    if mirror.signed_by:
        lines.append(f"Signed-By: {mirror.signed_by}")
    if mirror.trusted:
        lines.append("Trusted: yes")
    return "\n".join(lines) + "\n"
