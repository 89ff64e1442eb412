"""Tests of package databases taken out of layers that stream by."""

import gzip
import io
import tarfile
from collections.abc import AsyncGenerator

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.model.report.package_databases import APK, DPKG, DPKG_PARTS, Found
from orchestrator.tools.package_files import FILES_MAX_BYTES, LAYER_MAX_BYTES, package_files
from tests.samples import tar


async def come(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 700):
        yield content[start : start + 700]


async def found(content: bytes) -> Found:
    return await package_files(come(content), layer="sha256:12")


def header(name: str, *, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """The header of a member whose content is not there."""
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf()


async def test_databases_and_what_hides_them_are_found() -> None:
    layer = tar(
        {
            "./usr/bin/tool": b"x" * 5000,
            f"./{DPKG}": b"Package: a",
            f"{DPKG_PARTS}/b": b"Package: b",
            f"/{APK[1]}": b"P:c",
            "lib/apk/db/.wh.installed": b"",
            "home/.wh.me": b"",
        }
    )

    expected = {DPKG: b"Package: a", f"{DPKG_PARTS}/b": b"Package: b", APK[1]: b"P:c"}
    assert await found(layer) == Found(expected, frozenset({APK[0]}))


async def test_a_layer_need_not_be_compressed() -> None:
    assert await found(gzip.decompress(tar({DPKG: b"Package: a"}))) == Found({DPKG: b"Package: a"})


async def test_a_link_is_no_database() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo(DPKG)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    assert await found(buffer.getvalue()) == Found()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not an archive", "truncated header"),
        (gzip.decompress(tar({DPKG: b"x" * 9000}))[:5000], "unexpected end of data"),
        (header(DPKG, size=FILES_MAX_BYTES + 1), "package databases of more than"),
        (header("big", size=LAYER_MAX_BYTES), "unpacks to more than"),
        (header("long", size=2**30, kind=tarfile.GNUTYPE_LONGNAME), "a name or attribute of 1073741824 bytes"),
        (header("pax", size=2**30, kind=tarfile.XHDTYPE), "a name or attribute of 1073741824 bytes"),
    ],
)
async def test_what_cannot_be_read_safely_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(ContractBrokenError, match=f"layer sha256:12 cannot be read: .*{problem}"):
        await found(content)
