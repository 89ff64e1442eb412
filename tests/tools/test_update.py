import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import ExitCode, OrchestratorError, UnavailableError
from orchestrator.model import config as configs
from orchestrator.model.catalog import Line
from orchestrator.model.update.outcome import LineUpdate
from orchestrator.tools.update import Asked, line_update

ROOT = "https://example.org/ftp"
WINDOWS = "windows/windowsservercore-ltsc2025"
CONFIG = f"""
image: tool
sources:
  - variant: debian
    file: tool-{{version}}.tar.xz
    url: {ROOT}/{{final_version}}/tool-{{version}}.tar.xz
    sha256: checksums.source.sha256
  - variant: windowsservercore
    file: tool-{{version}}.exe
    url: {ROOT}/{{final_version}}/tool-{{version}}.exe
    sha256: checksums.windows.sha256
upstream:
  listings:
    - {{url: {ROOT}/, entry: 'href="{{version}}/"'}}
    - {{url: "{ROOT}/{{final_version}}/", entry: 'href="tool-{{version}}.tar.xz"'}}
  checksums: [{{format: sigstore, url: "{{url}}.sigstore"}}, {{format: sha256sum, url: "{{url}}.sha256"}}]
  optional: [{WINDOWS}]
  facts: [{{key: lib.version, version: "<2", url: "{ROOT}/lib-{{version}}", entry: "LIB={{version}}"}}]
"""


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sigstore(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return json.dumps({"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": digest}}})


def folder(*names: str) -> str:
    return "".join(f'<a href="{name}">{name}</a>\n' for name in names)


class FakeUpstream:
    """Serves texts by their paths and notes what it was asked; what is not there does not exist."""

    def __init__(self, files: Mapping[str, str | OrchestratorError]) -> None:
        self.asked: list[str] = []
        self._files = files

    async def text(self, url: str) -> str | None:
        return self._found("text", url)

    async def exists(self, url: str) -> bool:
        return self._found("exists", url) is not None

    async def sha256(self, url: str) -> str | None:
        found = self._found("sha256", url)
        return None if found is None else sha(found)

    def _found(self, how: str, url: str) -> str | None:
        path = url.removeprefix(ROOT)
        self.asked.append(f"{how} {path}")
        found = self._files.get(path)
        if isinstance(found, OrchestratorError):
            raise found
        return found


def release(version: str, *, folder_of: str = "", installer: bool = True) -> dict[str, str]:
    """The files of a release, each with its name as content."""
    names = [f"tool-{version}.tar.xz", *([f"tool-{version}.exe"] if installer else [])]
    return {f"/{folder_of or version}/{name}": name for name in names}


def old(version: str = "2.0.1", *, windows: bool = True, **more: Any) -> dict[str, Any]:
    """A line of versions.json whose checksums are those of FakeUpstream's content."""
    files = {"source": f"tool-{version}.tar.xz", **({"windows": f"tool-{version}.exe"} if windows else {})}
    return {
        "version": version,
        "variants": ["trixie", *([WINDOWS] if windows else [])],
        "checksums": {name: {"sha256": sha(file)} for name, file in files.items()},
        **more,
    }


def asked(upstream: FakeUpstream, line: Mapping[str, Any], *, name: str = "2.0", **more: Any) -> Asked:
    config = configs.read(CONFIG, name="orchestrator.yaml")
    return Asked(name, Line.model_validate_json(json.dumps(line)), line, config, upstream, **more)


async def test_a_line_goes_to_the_newest_release_with_announced_or_counted_checksums() -> None:
    files = {
        "/": folder("2.0.1/", "2.0.2/", "2.0.10/", "2.1.0/"),
        **release("2.0.10"),
        "/2.0.10/tool-2.0.10.tar.xz.sigstore": sigstore("announced"),
        "/2.0.10/tool-2.0.10.tar.xz.sha256": f"{sha('second')}\n",
    }
    upstream = FakeUpstream(files)

    found = await line_update(asked(upstream, old(note="kept")))

    new = old("2.0.10", note="kept")
    new["checksums"]["source"] = {"sha256": sha("announced")}
    assert found == LineUpdate("2.0", old(note="kept"), new)
    assert [each for each in upstream.asked if each.startswith("sha256")] == ["sha256 /2.0.10/tool-2.0.10.exe"]


async def test_nothing_is_read_whole_when_nothing_is_new() -> None:
    upstream = FakeUpstream({"/": folder("2.0.1/"), **release("2.0.1")})

    found = await line_update(asked(upstream, old()))

    assert found == LineUpdate("2.0", old(), old())
    assert [each for each in upstream.asked if each.startswith("sha256")] == []


async def test_a_release_that_only_its_folder_names_is_found() -> None:
    files = {"/": folder("3.0.0/"), "/3.0.0/": folder("tool-3.0.0b1.tar.xz", "tool-3.0.0rc1.tar.xz")}
    upstream = FakeUpstream({**files, **release("3.0.0rc1", folder_of="3.0.0")})

    found = await line_update(asked(upstream, old("3.0.0b1"), name="3.0-rc"))

    assert found == LineUpdate("3.0-rc", old("3.0.0b1"), old("3.0.0rc1"))


async def test_without_its_sources_a_release_is_left_and_the_next_newest_taken() -> None:
    upstream = FakeUpstream({"/": folder("2.0.2/", "2.0.3/"), **release("2.0.2"), "/2.0.3/tool-2.0.3.exe": "x"})

    found = await line_update(asked(upstream, old()))

    note = "2.0: 2.0.3 is announced, but tool-2.0.3.tar.xz cannot be had yet; it is left for a later run"
    assert found == LineUpdate("2.0", old(), old("2.0.2"), notes=(note,))


async def test_a_release_without_installer_leaves_windows_behind_until_it_comes() -> None:
    page = {"/": folder("2.0.2/")}
    late = FakeUpstream({**page, **release("2.0.2", installer=False)})
    whole = FakeUpstream({**page, **release("2.0.2")})

    first = await line_update(asked(late, old()))
    second = await line_update(asked(whole, first.new))

    assert (first.new, second.new) == (old("2.0.2", windows=False), old("2.0.2"))
    assert [note.partition(";")[0] for note in first.notes] == [
        "2.0: upstream has no tool-2.0.2.exe, so the line goes on without windowsservercore-ltsc2025"
    ]


async def test_a_release_keeps_the_variants_that_it_has_though_their_files_are_gone() -> None:
    upstream = FakeUpstream({"/": folder("2.0.1/"), **release("2.0.1", installer=False)})

    found = await line_update(asked(upstream, old()))

    note = "2.0: upstream has no tool-2.0.1.exe any more; the line stays at 2.0.1 as it is"
    assert found == LineUpdate("2.0", old(), old(), notes=(note,))


async def test_a_line_never_goes_back() -> None:
    upstream = FakeUpstream({"/": folder("2.0.0/"), **release("2.0.0")})

    found = await line_update(asked(upstream, old()))

    assert (found.old, found.new, len(found.notes)) == (old(), old(), 1)


async def test_facts_that_come_with_a_release_are_read_from_it() -> None:
    before = old("1.0.1", lib={"version": "6"})
    upstream = FakeUpstream({"/": folder("1.0.2/"), **release("1.0.2"), "/lib-1.0.2": "A=1\nLIB=7\n"})

    found = await line_update(asked(upstream, before, name="1.0"))

    assert found == LineUpdate("1.0", before, old("1.0.2", lib={"version": "7"}))


CHANGED = {"/": folder("2.0.1/"), **release("2.0.1"), "/2.0.1/tool-2.0.1.exe.sigstore": sigstore("other")}


async def test_a_checksum_that_changed_is_taken_over_when_that_is_asked_for() -> None:
    found = await line_update(asked(FakeUpstream(CHANGED), old(), accept_changed_checksum=True))

    new = old()
    new["checksums"]["windows"] = {"sha256": sha("other")}
    assert found == LineUpdate("2.0", old(), new)


async def test_a_checksum_that_is_missing_is_added() -> None:
    bare = old(windows=False)
    del bare["checksums"]
    upstream = FakeUpstream({"/": folder("2.0.1/"), **release("2.0.1", installer=False)})

    found = await line_update(asked(upstream, bare))

    assert found.new == old(windows=False)


@pytest.mark.parametrize(
    ("files", "line", "code", "problem"),
    [
        ({}, "2.0", ExitCode.UNAVAILABLE, "upstream lists no release of the line; expected 'href=\"{version}/\"' or"),
        ({"/": ""}, "2.0", ExitCode.UNAVAILABLE, "upstream lists no release of the line"),
        ({"/": "<h1>Welcome back soon</h1>"}, "2.0", ExitCode.UNAVAILABLE, "upstream lists no release of the line"),
        ({"/": UnavailableError("example.org: down")}, "2.0", ExitCode.UNAVAILABLE, "example.org: down"),
        (CHANGED, "2.0", ExitCode.INPUT, f"versions.json has sha256 {sha('tool-2.0.1.exe')} for tool-2.0.1.exe"),
        (
            {"/": folder("2.0.2/"), **release("2.0.2"), "/2.0.2/tool-2.0.2.exe.sigstore": "<html>"},
            "2.0",
            ExitCode.UNAVAILABLE,
            f"{ROOT}/2.0.2/tool-2.0.2.exe.sigstore: it is not JSON",
        ),
        (
            {"/": folder("1.0.2/"), **release("1.0.2")},
            "1.0",
            ExitCode.UNAVAILABLE,
            f"{ROOT}/lib-1.0.2: expected 'LIB={{version}}' once, for `lib.version`; found 0 of it",
        ),
    ],
)
async def test_a_line_that_cannot_be_looked_up_stays_as_it_is_and_says_why(
    files: dict[str, str | OrchestratorError], line: str, code: ExitCode, problem: str
) -> None:
    before = old(f"{line}.1")

    found = await line_update(asked(FakeUpstream(files), before, name=line))

    assert replace(found, problems=()) == LineUpdate(line, before, before, code=code)
    assert found.problems[0].startswith(f"{line} stays at {line}.1: {problem}")


async def test_a_placeholder_that_listings_do_not_have_is_named() -> None:
    config = configs.read(CONFIG.replace(f'"{ROOT}/{{final_version}}/"', f'"{ROOT}/{{branch}}/"'), name="x")

    found = await line_update(replace(asked(FakeUpstream({}), old()), config=config))

    assert found.problems == (
        f"2.0 stays at 2.0.1: orchestrator.yaml: upstream/listings: '{ROOT}/{{branch}}/': there is no value 'branch'; "
        "there are final_version, line, version",
    )
