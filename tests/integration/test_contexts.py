"""What counts of a context, judged by what BuildKit really takes from it."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.tools.contexts import copy, files
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import SystemRunner

pytestmark = pytest.mark.integration

TREE = (*("a.txt", "b.md", ".hidden", "c d", "sub/a.txt", "sub/deep/a.txt", "sub/deep/b.md", "subway/a.txt", "x[0]/a"),)
BOTH = {".dockerignore": "a.txt\n", "Dockerfile.dockerignore": "*.md\n"}

CASES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "everything": ("COPY . /x/", {}),
    "a folder": ("COPY sub /x/sub/", {}),
    "several": ('COPY ["a.txt", "c d", "/x/"]', {}),
    "wildcard": ("COPY *.txt /x/", {}),
    "wildcard that takes folders": ("COPY s?b /x/", {}),
    "escaped bracket": ("COPY x[[]0] /x/", {}),
    "above the top": ("COPY ../../sub/../a.txt /x/", {}),
    "ignored": ("COPY . /x/", {".dockerignore": "sub\n**/*.md\n"}),
    "ignored but for some": ("COPY . /x/", {".dockerignore": "*\n!sub\nsub/deep\n!sub/deep/b.md\n"}),
    "the dockerfile ignored": ("COPY . /x/", {".dockerignore": "Dockerfile\n.dockerignore\n"}),
    "stars": ("COPY . /x/", {".dockerignore": "**/a.txt\nsub/**/b.md\n*d\n"}),
    "a rule for a folder": ("COPY . /x/", {".dockerignore": "/sub/\n# b.md\n"}),
    "stars in the middle": ("COPY . /x/", {".dockerignore": "s**/a.txt\n"}),
    "stars at the end": ("COPY . /x/", {".dockerignore": "sub/**\n!sub/a.txt\n"}),
    "stars at the end of a name": ("COPY . /x/", {".dockerignore": "*\n!su**\n"}),
    "stars at the start of a name": ("COPY . /x/", {".dockerignore": "*\n!**xt\n"}),
    "an exception for a folder that is there": ("COPY . /x/", {".dockerignore": "sub/**\n!sub\n"}),
    "an exception in disguise": ("COPY . /x/", {".dockerignore": "*\n./!a.txt\n/!b.md\n"}),
    "a mark, a comment, a carriage return": ("COPY . /x/", {".dockerignore": "\ufeff# c\r\n\tsub/../b.md \r\n"}),
    "a source from onbuild": ("ONBUILD COPY sub /x/\nFROM base", {}),
    "quotes": ("COPY 'a'.txt \"b.md\" /x/", {}),
    "escapes that keep no space": (r"COPY a.txt\ b.md /x/", {}),
    "a list behind two dashes": ('COPY -- ["c d", "/x/"]', {}),
    "no stage": ("COPY --from= a.txt /x/", {}),
    "rules of the dockerfile": ("COPY . /x/", BOTH),
    "rules of the dockerfile that ignore themselves": (
        "COPY . /x/",
        {**BOTH, "Dockerfile.dockerignore": "Dockerfile*\n"},
    ),
}
"""An instruction and the rules, by what they are about. Whatever COPY takes arrives below /x."""

# Each of them has a wildcard, so that a build goes on without what is kept out.
SOURCES = (
    "su[b]",
    "s*/",
    "*.txt",
    "./[^a-b]*",
    "s*/d*/../*.txt",
    "/?ub*/a*",
    "../x[[[]*/a",
    ".h*",
    "s?b/*/*.md",
    "[!a]*",
)
RULES = (
    *(
        "*",
        "**",
        "*.txt",
        "/sub",
        "sub/",
        "sub/**",
        "s*/deep",
        "**/a.txt",
        "**txt",
        "su**",
        "?.md",
        "[a-b].*",
        ".*",
        "c d",
    ),
    *(
        "!sub",
        "!sub/deep",
        "!**/*.md",
        "!**txt",
        "! a.txt",
        "!s*",
        "!x[[]0]/a",
        "!*/",
        "./!b.md",
        "# sub",
        "../sub",
    ),
)
"""Of these are the cases made up that chance chooses."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"this is {name}")
    return root


class BuildKit:
    """Builds a Dockerfile and says which files it put below /x, with their content."""

    def __init__(self, engine: Engine, runner: SystemRunner, folder: Path) -> None:
        self._environment = {**engine.environment, "BUILDX_CONFIG": str(folder / "buildx")}
        self._runner = runner
        self._folder = folder

    async def taken(self, context: Path, name: str) -> dict[str, str]:
        output = self._folder / name
        command = [
            *("docker", "buildx", "build", "--provenance", "false"),
            *("--output", f"type=local,dest={output}"),
            *("--file", str(context / "Dockerfile")),
            str(context),
        ]
        await self._runner.run(command, env=self._environment)
        top = output / "x"
        return {path.relative_to(top).as_posix(): path.read_text() for path in top.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", CASES)
async def test_a_build_takes_the_same_from_the_folder_and_from_the_copy(
    case: str, folder: Path, engine: Engine, runner: SystemRunner, tmp_path: Path
) -> None:
    instruction, rules = CASES[case]
    text = f"FROM scratch AS base\n{instruction}\n"
    for name, content in {**rules, "Dockerfile": text}.items():
        (folder / name).write_text(content)
    counted = files(folder, text)
    copied = copy(folder, tmp_path / "copy", files=counted, epoch=315_532_800)
    buildkit = BuildKit(engine, runner, tmp_path)

    theirs, ours = await asyncio.gather(buildkit.taken(folder, "theirs"), buildkit.taken(copied, "ours"))

    assert ours == theirs
    assert sorted(theirs.values()) == sorted((folder / name).read_text() for name in counted)


@pytest.mark.parametrize("number", range(8))
async def test_any_build_takes_the_same_from_the_folder_and_from_the_copy(
    number: int, folder: Path, engine: Engine, runner: SystemRunner, tmp_path: Path
) -> None:
    chance = random.Random(number)
    sources = [chance.choice(SOURCES) for _ in range(3)]
    text = "".join(("FROM scratch\n", *(f"COPY {source} /x/{at}/\n" for at, source in enumerate(sources))))
    (folder / "Dockerfile").write_text(text)
    (folder / ".dockerignore").write_text("\n".join(chance.choice(RULES) for _ in range(chance.randint(1, 4))))
    counted = files(folder, text)
    copied = copy(folder, tmp_path / "copy", files=counted, epoch=315_532_800)
    buildkit = BuildKit(engine, runner, tmp_path)

    theirs, ours = await asyncio.gather(buildkit.taken(folder, "theirs"), buildkit.taken(copied, "ours"))

    assert ours == theirs
    # Of files with one name in two folders the last one stays.
    assert set(theirs.values()) <= {(folder / name).read_text() for name in counted}
