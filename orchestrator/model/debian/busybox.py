"""The root file system of a tiny base: one static program under all its names."""

import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

PROGRAM = "usr/bin/busybox"

# The names that a busybox answers to, in its own order: a word and a NUL each, `[` and `[[` before all others.
_FIRST_APPLETS = b"[\0[[\0"
_APPLET = re.compile(rb"([a-z0-9_.\[-]+)\0", re.IGNORECASE)

_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUP = b"root:x:0:\ntty:x:5:\nstaff:x:50:\nnogroup:x:65534:\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, a link (its target given) or, with neither, a folder."""

    content: bytes | None = None
    target: str = ""
    mode: int = 0o755


def applets(program: bytes) -> tuple[str, ...]:
    """The names that a busybox program answers to, read from it without running it; raises ValueError."""
    position = program.find(_FIRST_APPLETS)
    names: list[str] = []
    while position >= 0 and (match := _APPLET.match(program, position)):
        names.append(match[1].decode())
        position = match.end()
    if "sh" not in names:
        raise ValueError("its table of applets is not where it is expected")
    return tuple(names)


def root(program: bytes, *, copyright_text: bytes) -> dict[str, Entry]:
    """The files of the base by path: the program, its names as links, and the few folders that programs expect."""
    folders = ("dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "usr/bin", "usr/lib", "usr/local")
    more = ("usr/local/bin", "usr/sbin", "usr/share", "usr/share/doc", "usr/share/doc/busybox-static", "var", "var/tmp")
    entries = {path: Entry() for path in (*folders, *more)}
    entries |= {path: Entry(mode=0o1777) for path in ("tmp", "var/tmp")}
    entries |= {"root": Entry(mode=0o700), "var/run": Entry(target="../run")}
    entries |= {path: Entry(target=f"usr/{path}") for path in ("bin", "lib", "sbin")}
    entries |= {f"usr/bin/{name}": Entry(target="busybox") for name in applets(program) if name != "busybox"}
    entries |= {
        PROGRAM: Entry(program),
        "etc/passwd": Entry(_PASSWD, mode=0o644),
        "etc/group": Entry(_GROUP, mode=0o644),
        "usr/share/doc/busybox-static/copyright": Entry(copyright_text, mode=0o644),
    }
    return entries


def archive(entries: Mapping[str, Entry], *, mtime: int) -> bytes:
    """A tar archive of the entries, sorted, all owned by root, all of one time: the same bytes for the same entries."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, entry in sorted(entries.items()):
            member = tarfile.TarInfo(path)
            member.mode, member.mtime = entry.mode, mtime
            if entry.content is not None:
                member.size = len(entry.content)
                tar.addfile(member, io.BytesIO(entry.content))
                continue
            member.type = tarfile.SYMTYPE if entry.target else tarfile.DIRTYPE
            member.linkname = entry.target
            member.mode = 0o777 if entry.target else entry.mode
            tar.addfile(member)
    return output.getvalue()
