"""A base image of busybox and of programs that only record how they are called: Dockerfiles run on it in seconds.

Every program appends its call to `/calls`; what Python's build would leave behind is put in place by `make install`.
"""

import io
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

_RECORD = '#!/bin/sh\nprogram="${0##*/}"\necho "$program $*" >> /calls\n'

_PROGRAMS = {
    "apk": "",
    "apt-get": "",
    "apt-mark": 'case "$1" in showmanual) echo base-package ;; esac\n',
    "dpkg-architecture": "cat /triplet\n",
    "dpkg-buildflags": 'echo "-O2-for-$2"\n',
    "dpkg-query": "echo 'diversion by dash from: /lib/x'\necho 'zlib1g:amd64: /usr/lib/x86_64-linux-gnu/libz.so.1'\n",
    "gpg": (
        'while [ "$#" -gt 0 ]; do\n'
        '    if [ "$1" = --status-file ]; then echo "[GNUPG:] VALIDSIG 0 $GPG_KEY" > "$2"; fi\n'
        "    shift\n"
        "done\n"
    ),
    "gpgconf": "",
    "ldconfig": "",
    "ldd": (
        "echo '  libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x1)'\n"
        "echo '  libpython3.so => /usr/local/lib/libpython3.so (0x2)'\n"
        "echo '  linux-vdso.so.1 (0x3)'\n"
    ),
    "make": (
        'case "$*" in install)\n'
        "    mkdir -p /usr/local/bin /usr/local/lib/python3/test /usr/local/lib/python3/idlelib/idle_test\n"
        "    for program in idle3 pip3 pydoc3 python3 python3-config; do\n"
        "        cp /bin/recorder /usr/local/bin/$program\n"
        "    done\n"
        "    touch /usr/local/lib/python3/os.py /usr/local/lib/python3/os.pyc /usr/local/lib/libpython3.so\n"
        "    touch /usr/local/lib/libpython3.a /usr/local/lib/python3/test/test_os.py\n"
        "esac\n"
    ),
    "recorder": "",
    "scanelf": "echo libz.so.1,libpython3.so\necho libz.so.1\n",
}
_SILENT = ("dpkg-architecture", "dpkg-buildflags", "ldd", "scanelf")
"""Questions, not deeds: these leave no record."""


def write(folder: Path, *, busybox: Path, applets: list[str], triplet: str) -> None:
    """Write the files of the base; `applets` are the names by which busybox is called."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    (folder / "tmp").mkdir()
    (folder / "mnt").mkdir()
    (folder / "triplet").write_text(f"{triplet}\n")
    _program(programs / "busybox", busybox.read_bytes())
    for name in sorted(set(applets) - set(_PROGRAMS) - {"busybox"}):
        (programs / name).symlink_to("busybox")
    for name, body in _PROGRAMS.items():
        head = "#!/bin/sh\n" if name in _SILENT else _RECORD
        _program(programs / name, (head + body).encode())


def tarball() -> bytes:
    """What Python's source is to a Dockerfile: a `configure` that records, and the files that are touched."""
    files: Mapping[str, bytes] = {
        "configure": b'#!/bin/sh\nfor option; do echo "configure $option"; done >> /calls\n',
        "python": b"",
        "Tools/gdb/libpython.py": b"",
    }
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:xz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"Python/{name}")
            member.size = len(content)
            member.mode = 0o755
            archive.addfile(member, io.BytesIO(content))
    return output.getvalue()


def _program(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
