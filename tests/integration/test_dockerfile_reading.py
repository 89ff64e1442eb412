"""Our reading of Dockerfiles, judged by BuildKit's own."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from orchestrator.model.dockerfile.context_sources import ContextSources
from orchestrator.model.dockerfile.stages import images, stages
from orchestrator.model.oci import digest_of
from orchestrator.model.references import Reference
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import Finished, SystemRunner
from tests.golden import DOCKERFILES
from tests.model.dockerfile.test_stages import ARGUMENTS
from tests.samples import layout
from tests.templates import shipped

pytestmark = pytest.mark.integration

AT_ONCE = 4

REFUSED = (
    "# escape=x\nFROM a\n",
    "# escape=`\n# escape=`\nFROM a\n",
    "FROM a\n\\\n",
    "FROM\n",
    "FROM a b\n",
    "FROM a AS 1st\n",
    "FROM a\nRUN <<EOF\nEOF \n",
    "FROM a\nRUN <<A <<B\nB\nA\n",
    'FROM a\nCOPY "b c" /\n',
    'FROM a\nCOPY ["b", 1] /\n',
    "FROM a\nRUN --mount='from=b,\"c\"d' true\n",
    "#\u00a0escape=`\nFROM a `\n AS b\n",
    "FROM ${A:?name-it}\n",
    "ARG A\nFROM $A\n",
    "FROM a\nCOPY --from=0 / /\n",
    "FROM a AS b\nCOPY --from=B / /\n",
    "FROM a\nCOPY --from=7 / /\n",
    "FROM a\nCOPY --from=$B / /\n",
    "FROM a AS Build\nFROM Build\n",
)
"""Not among them: taking files from a later stage, which only a real build refuses, and a Dockerfile that has ARG and
no FROM, which Docker's engine 26.1 does not survive."""


class BuildKit:
    """Asks BuildKit what it makes of a Dockerfile, without building anything."""

    def __init__(self, engine: Engine, runner: SystemRunner, folder: Path) -> None:
        self._environment = {**engine.environment, "BUILDX_EXPERIMENTAL": "1", "BUILDX_CONFIG": str(folder / "buildx")}
        self._runner = runner
        self._folder = folder
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._image = layout(folder / "image")
        (top,) = json.loads((self._image / "index.json").read_text())["manifests"]
        self._digest = top["digest"]
        self._context = folder / "empty"
        self._context.mkdir()

    async def outline(self, text: bytes, pinned: Iterable[str], *, build_args: Mapping[str, str]) -> Finished:
        """Have a Dockerfile read, with these images replaced by one on disk, so that others cannot be found."""
        knows_call = "--call" in (await self._runner.run(["docker", "buildx", "build", "--help"])).stdout
        file = self._folder / digest_of(text).removeprefix("sha256:")
        file.write_bytes(text)
        contexts = (f"{image}=oci-layout://{self._image}@{self._digest}" for image in pinned)
        command = [
            *("docker", "buildx", "build"),
            "--call=outline,format=json" if knows_call else "--print=outline,format=json",
            *("--progress", "rawjson"),
            # Docker's own builder would make an image of each, and trips over two equal ones at once.
            *("--output", "type=cacheonly"),
            *(word for context in contexts for word in ("--build-context", context)),
            *(word for name, value in build_args.items() for word in ("--build-arg", f"{name}={value}")),
            *("--file", str(file)),
            str(self._context),
        ]
        async with self._slots:
            return await self._runner.run(command, check=False, env=self._environment)

    async def images(self, text: bytes, pinned: Iterable[str], *, build_args: Mapping[str, str]) -> set[str]:
        """The images that BuildKit looks up; those that are not pinned it cannot find, and then it says so."""
        finished = await self.outline(text, pinned, build_args=build_args)
        if finished.returncode:
            return {finished.stderr[-500:]}
        return set(re.findall(r'"\[context (\S+)\] load metadata for', finished.stderr))


@pytest.fixture
def buildkit(engine: Engine, runner: SystemRunner, tmp_path: Path) -> BuildKit:
    return BuildKit(engine, runner, tmp_path)


def read(text: str) -> None:
    """Read all that a plan asks of a Dockerfile; raises ValueError."""
    images(stages(text, {}))
    ContextSources.of(text)


def known_as(image: str) -> str:
    """What a build context calls an image: as people do, without the tag that is meant anyway."""
    return Reference.parse(image).short.removesuffix(":latest")


async def differences(
    buildkit: BuildKit, texts: Mapping[str, bytes], *, build_args: Mapping[str, str]
) -> dict[str, tuple[set[str], set[str]]]:
    """By name: the images that we find and those that BuildKit looks up, where they are not the same."""
    ours = {name: set(map(known_as, images(stages(text.decode(), build_args)))) for name, text in texts.items()}
    theirs = await asyncio.gather(
        *(buildkit.images(text, sorted(ours[name]), build_args=build_args) for name, text in texts.items())
    )
    pairs = {name: (ours[name], found) for name, found in zip(texts, theirs, strict=True)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


async def test_buildkit_reads_the_corpus_as_we_do(buildkit: BuildKit) -> None:
    texts = {path.stem: path.read_bytes() for path in DOCKERFILES}

    assert await differences(buildkit, texts, build_args=ARGUMENTS) == {}


async def test_buildkit_reads_the_shipped_dockerfiles_as_we_do(buildkit: BuildKit) -> None:
    texts = {name: text.encode() for name, text in shipped.dockerfiles().items()}

    assert await differences(buildkit, texts, build_args={}) == {}


async def test_what_we_refuse_buildkit_refuses_too(buildkit: BuildKit) -> None:
    for text in REFUSED:
        with pytest.raises(ValueError, match=r"."):
            read(text)

    taken = "FROM a\n"
    texts = (*REFUSED, taken)
    finished = await asyncio.gather(*(buildkit.outline(text.encode(), ["a"], build_args={}) for text in texts))

    assert [text for text, each in zip(texts, finished, strict=True) if not each.returncode] == [taken]


async def test_a_build_context_takes_away_the_stage_of_its_name(buildkit: BuildKit) -> None:
    # Why images() refuses a stage that has the name of an image: pinned, the image would be taken for the stage.
    text = b"FROM scratch AS busybox\nFROM busybox\n"

    assert await buildkit.images(text, ["busybox:latest"], build_args={}) == {"busybox"}
