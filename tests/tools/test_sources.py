import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import (
    ContractBrokenError,
    InputError,
    LocalOutputError,
    OrchestratorError,
    UnavailableError,
)
from orchestrator.model.facts import Source
from orchestrator.tools.sources import add, cached, fetch, matching, place, stage, urls


def source(file: str, content: bytes = b"", *, folder: str = "https://example.org/ftp") -> Source:
    """A download; without content one that has no checksum."""
    return Source(file, f"{folder}/{file}", hashlib.sha256(content).hexdigest() if content else "")


class FakeWeb:
    """Serves from a table and notes each question; what is not in the table does not exist."""

    def __init__(self, answers: Mapping[str, bytes | OrchestratorError]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    async def __call__(self, url: str, *, into: Path, is_verified: bool) -> str | None:
        self.asked.append(url)
        answer = self._answers.get(url)
        if isinstance(answer, OrchestratorError):
            raise answer
        if answer is None:
            return None
        return _written(answer, into)


def _written(content: bytes, into: Path) -> str:
    into.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def files(cache: Path) -> dict[str, bytes]:
    """What the cache holds, without locks."""
    found = (path for path in sorted(cache.rglob("*")) if path.is_file() and "locks" not in path.parts)
    return {path.relative_to(cache).as_posix(): path.read_bytes() for path in found}


TARBALL = source("Python-3.14.0.tar.xz", b"tarball")
SIGNATURE = source("Python-3.13.9.tar.xz.asc")


async def test_downloads_are_kept_by_their_checksum_or_else_by_url_and_name(tmp_path: Path) -> None:
    web = FakeWeb({TARBALL.url: b"tarball", SIGNATURE.url: b"signature"})

    paths = await fetch([TARBALL, SIGNATURE, TARBALL], cache=tmp_path, download=web, mirrors={})

    name = hashlib.sha256(f"{SIGNATURE.url}\n{SIGNATURE.file}".encode()).hexdigest()
    assert files(tmp_path) == {f"sha256/{TARBALL.sha256}": b"tarball", f"named/{name}": b"signature"}
    assert paths == {TARBALL: tmp_path / "sha256" / TARBALL.sha256, SIGNATURE: tmp_path / "named" / name}


async def test_what_is_cached_is_not_asked_for_again(tmp_path: Path) -> None:
    web = FakeWeb({TARBALL.url: b"tarball", SIGNATURE.url: b"signature"})
    await fetch([TARBALL, SIGNATURE], cache=tmp_path, download=web, mirrors={})

    await fetch([TARBALL, SIGNATURE], cache=tmp_path, download=web, mirrors={})

    assert sorted(web.asked) == sorted([TARBALL.url, SIGNATURE.url])


async def test_two_downloads_of_the_same_content_are_fetched_once(tmp_path: Path) -> None:
    other = source("other.tar.xz", b"tarball")
    web = FakeWeb({TARBALL.url: b"tarball", other.url: b"tarball"})

    paths = await fetch([TARBALL, other], cache=tmp_path, download=web, mirrors={})

    assert web.asked == [TARBALL.url]
    assert paths[TARBALL] == paths[other]


async def test_a_cached_file_that_rotted_is_fetched_again(tmp_path: Path) -> None:
    path = place(TARBALL, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"tarbaII")

    await fetch([TARBALL], cache=tmp_path, download=FakeWeb({TARBALL.url: b"tarball"}), mirrors={})

    assert path.read_bytes() == b"tarball"


async def test_content_with_another_checksum_leaves_nothing_behind(tmp_path: Path) -> None:
    web = FakeWeb({TARBALL.url: b"evil"})

    with pytest.raises(ContractBrokenError) as raised:
        await fetch([TARBALL], cache=tmp_path, download=web, mirrors={})

    assert str(raised.value) == (
        f"Python-3.14.0.tar.xz: {TARBALL.url} has sha256 {hashlib.sha256(b'evil').hexdigest()}, "
        f"expected {TARBALL.sha256}; it was thrown away: compare with what the publisher announces, "
        "then correct versions.json or the mirror"
    )
    assert files(tmp_path) == {}


async def test_a_mirror_with_other_content_is_not_passed_over(tmp_path: Path) -> None:
    web = FakeWeb({"https://mirror.example/Python-3.14.0.tar.xz": b"evil", TARBALL.url: b"tarball"})

    with pytest.raises(ContractBrokenError, match=r"https://mirror\.example/Python"):
        await fetch(
            [TARBALL], cache=tmp_path, download=web, mirrors={"https://example.org/ftp": ["https://mirror.example"]}
        )


async def test_mirrors_that_fail_or_lack_a_file_are_followed_by_the_next_and_the_original(tmp_path: Path) -> None:
    first, second = "https://one.example/Python-3.14.0.tar.xz", "https://two.example/x/Python-3.14.0.tar.xz"
    web = FakeWeb({first: UnavailableError("one.example: down"), TARBALL.url: b"tarball"})
    mirrors = {"https://example.org/ftp": ["https://one.example", "https://two.example/x/"]}

    await fetch([TARBALL], cache=tmp_path, download=web, mirrors=mirrors)

    assert web.asked == [first, second, TARBALL.url]
    assert cached(TARBALL, tmp_path) == place(TARBALL, tmp_path)


async def test_all_that_cannot_be_fetched_is_told_at_once(tmp_path: Path) -> None:
    web = FakeWeb({TARBALL.url: UnavailableError("example.org: no such name"), SIGNATURE.url: b"signature"})
    absent = source("absent.tar.xz", b"absent")

    with pytest.raises(InputError) as raised:
        await fetch([TARBALL, absent, SIGNATURE], cache=tmp_path, download=web, mirrors={})

    assert raised.value.problems == (
        "Python-3.14.0.tar.xz cannot be fetched (example.org: no such name); run again, or get it by other means "
        "and run `orchestrator sources add Python-3.14.0.tar.xz`",
        "absent.tar.xz: https://example.org/ftp/absent.tar.xz does not exist; "
        "correct versions.json or `sources` in orchestrator.yaml",
    )
    assert list(files(tmp_path).values()) == [b"signature"]


async def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")

    with pytest.raises(LocalOutputError, match="Not a directory; become its owner"):
        await fetch([TARBALL], cache=tmp_path / "cache", download=FakeWeb({TARBALL.url: b"tarball"}), mirrors={})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/ftp/a/b.xz", ["https://one.example/a/b.xz", "https://two.example/p/a/b.xz"]),
        ("https://example.org/ftpx/b.xz", []),
        ("https://example.org/ftp", []),
        ("https://other.example/ftp/b.xz", []),
    ],
)
def test_a_mirror_stands_for_the_beginning_of_a_url(url: str, expected: list[str]) -> None:
    mirrors = {"https://example.org/ftp/": ["https://one.example/", "https://two.example/p"]}

    assert urls(url, mirrors) == (*expected, url)


def test_a_file_added_by_hand_is_known_by_its_checksum_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "download(1).xz"
    file.write_bytes(b"tarball")

    served = matching(file, [SIGNATURE, TARBALL])
    add(file, served, cache=tmp_path / "cache")

    assert served == (TARBALL,)
    assert cached(TARBALL, tmp_path / "cache") is not None


def test_a_file_without_checksum_is_known_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / SIGNATURE.file
    file.write_bytes(b"signature")

    served = matching(file, [SIGNATURE, TARBALL])
    add(file, served, cache=tmp_path / "cache")

    assert served == (SIGNATURE,)
    assert list(files(tmp_path / "cache").values()) == [b"signature"]


def test_where_several_downloads_have_the_name_the_url_must_say_which(tmp_path: Path) -> None:
    file = tmp_path / "release-key.asc"
    file.write_bytes(b"key")
    one, two = (source("release-key.asc", folder=f"https://keys.example/{name}") for name in ("one", "two"))

    assert matching(file, [one, two], url=two.url) == (two,)
    with pytest.raises(InputError, match=f"say by `--url` which it is: {one.url}, {two.url}"):
        matching(file, [one, two])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Python-3.14.0.tar.xz", b"damaged", "versions.json expects .*; it is damaged or not the file that was meant"),
        (
            "Python-3.14.0.tgz",
            b"x",
            r"no build needs a file .*; did you mean Python-3.14.0.tar.xz\? \(--any keeps it\)",
        ),
        ("notes.txt", b"x", "`orchestrator sources list` shows what is needed"),
    ],
)
def test_a_file_that_serves_nothing_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match=message):
        matching(tmp_path / name, [TARBALL, SIGNATURE])


def test_a_file_that_serves_nothing_is_kept_when_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"x")

    served = matching(tmp_path / "notes.txt", [TARBALL], unknown=True)
    add(tmp_path / "notes.txt", served, cache=tmp_path / "cache")

    assert served == ()
    assert files(tmp_path / "cache") == {f"sha256/{hashlib.sha256(b'x').hexdigest()}": b"x"}


async def test_a_stage_holds_exactly_the_files_of_one_build(tmp_path: Path) -> None:
    cache, into = tmp_path / "cache", tmp_path / "stage"
    await fetch(
        [TARBALL, SIGNATURE], cache=cache, download=FakeWeb({TARBALL.url: b"tarball", SIGNATURE.url: b"s"}), mirrors={}
    )
    into.mkdir()
    (into / "left over").write_bytes(b"x")

    result = stage([TARBALL, SIGNATURE], cache=cache, into=into)

    assert result == into
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {TARBALL.file: b"tarball", SIGNATURE.file: b"s"}
    assert {(path.stat().st_mode & 0o777, path.stat().st_mtime) for path in into.iterdir()} == {(0o444, 0.0)}


def test_one_name_for_two_contents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.xz: two different downloads of one build have this name"):
        stage([source("a.xz", b"1"), source("a.xz", b"2")], cache=tmp_path, into=tmp_path / "stage")


def test_a_file_that_is_not_in_the_cache_cannot_be_staged(tmp_path: Path) -> None:
    with pytest.raises(LocalOutputError, match="No such file"):
        stage([TARBALL], cache=tmp_path, into=tmp_path / "stage")
