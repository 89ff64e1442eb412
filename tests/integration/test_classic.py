"""The classic builder of real engines, with both kinds of image stores, judged by BuildKit and by real registries."""

import asyncio
import gc
import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker
import pytest

from orchestrator.errors import ExitCode, InputError
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    Document,
    digest_of,
)
from orchestrator.model.plan import Build
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.tools import buildx, classic, contexts, layout, staging
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.layout import Layout
from orchestrator.tools.process import SystemRunner
from orchestrator.tools.registry import Registry
from orchestrator.tools.watchdog import Limits
from tests.configured_registry import configured_registry
from tests.fake_engine import FakeEngine, MadeImage, image, plain, saved_in_folders
from tests.plain_engine import plain_engine
from tests.pushing import client
from tests.real import docker as said
from tests.samples import CONFIG, build

pytestmark = pytest.mark.integration

EPOCH = 1_767_225_600
NAME = Reference.parse("busybox:trixie")
APPLETS = ("cat", "chmod", "echo", "ln", "ls", "mkdir", "sh", "sleep", "touch")
DOCKERFILE = """\
ARG BASE=busybox
FROM scratch AS source
ADD --checksum=sha256:00 https://download.example/tool.tar /
FROM $BASE:trixie AS made
ARG TARGETARCH
RUN mkdir -p /made && echo "$TARGETARCH" > /made/arch && chmod 600 /made/arch
FROM busybox:trixie
LABEL one="1"
ENV PATH=/usr/local/bin:$PATH LINE=2.0
WORKDIR /work
COPY --from=source /tool.tar /src/
COPY folder program ./
COPY --from=made /made /made
RUN echo hello > hello && ln -s hello link && chmod 4755 program && touch /bin/cat
USER 1000:1000
EXPOSE 80/tcp
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat hello"]
"""


def busybox() -> MadeImage:
    """A base with a shell."""
    output = io.BytesIO()
    program = Path(str(shutil.which("busybox"))).read_bytes()
    with tarfile.open(fileobj=output, mode="w") as archive:
        # Where programs are started, BuildKit adds the folders that are mounted upon to the image.
        for name, content in {"bin/": b"", "dev/": b"", "proc/": b"", "sys/": b"", "bin/busybox": program}.items():
            member = tarfile.TarInfo(name.rstrip("/"))
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
        for name in APPLETS:
            member = tarfile.TarInfo(f"bin/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(member)
    return image(output.getvalue(), config={"Env": ["PATH=/bin"]})


async def pushed(
    registry: Registry, place: Reference, made: MadeImage, *, kind: str = OCI_MANIFEST, foreign: bool = False
) -> Document:
    """Push an image, or all of it but its first layer, which is foreign then; returns its manifest."""
    types = (DOCKER_CONFIG, DOCKER_LAYER) if kind == DOCKER_MANIFEST else (OCI_CONFIG, OCI_LAYER)
    stored = [gzip.compress(layer, mtime=0) for layer in made.layers]
    layers = [Descriptor(types[1], digest_of(layer), len(layer)) for layer in stored]
    if foreign:
        media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
        layers[0] = replace(layers[0], media_type=media_type, urls=("https://layers.example/base",))
    for blob in (made.config, *stored[foreign:]):
        await registry.put_blob(place.repository, digest_of(blob), len(blob), blob)
    config = Descriptor(types[0], digest_of(made.config), len(made.config))
    content = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": config.entry,
        "layers": [layer.entry for layer in layers],
    }
    document = Document(kind, json.dumps(content).encode())
    await registry.put_document(place.repository.at(document.digest), document)
    return document


@pytest.fixture
async def through() -> AsyncIterator[Registry]:
    async with client() as made:
        yield made


@pytest.fixture(scope="module")
def plain_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with plain_engine(tmp_path_factory.mktemp("e")) as (engine, _):
        yield engine


@pytest.fixture(params=["containerd's store", "a store of its own"])
def either(request: pytest.FixtureRequest, engine: Engine, plain_store: Engine) -> Engine:
    """Engines of both kinds, one after the other."""
    return engine if request.param == "containerd's store" else plain_store


@dataclass
class Workshop:
    """A folder in which one Dockerfile is built."""

    root: Path
    registry: Registry
    build: Build
    files: Mapping[str, bytes] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    printed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by a line that begins with `ready`."""
    idle_seconds: float = 60.0

    def order(self, name: str, text: str) -> Order:
        folder = self.root / name
        (folder / "sources").mkdir(parents=True)
        (folder / "sources" / "tool.tar").write_bytes(b"tool")
        (folder / "given").mkdir()
        (folder / "given" / "Dockerfile").write_text(text)
        for path, content in self.files.items():
            (folder / "given" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "given" / path).write_bytes(content)
        context = contexts.copy(folder / "given", folder / "context", files=self.files, epoch=EPOCH)
        inputs = replace(self.build.inputs, files=dict.fromkeys(self.files, ""), build_args={})
        one = replace(self.build, inputs=inputs)
        return Order(one, "default", context, folder / "sources", folder / "layout", EPOCH, folder / "log")

    async def solve(self, connect: Callable[[], docker.DockerClient], name: str, text: str) -> Solved:
        return await classic.solve(
            self.order(name, text),
            connect=connect,
            registry=self.registry,
            notes=self.root / "notes",
            limits=Limits(self.idle_seconds, 600, asyncio.get_running_loop().time() + 600),
            on_progress=lambda progress: None,
            on_line=self._heard,
        )

    async def layout(self, name: str) -> Layout:
        elsewhere = await classic.elsewhere(self.build, self.registry)
        return layout.read(self.root / name / "layout", elsewhere=elsewhere)

    def _heard(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith("ready"):
            self.printed.set()


@pytest.fixture
async def workshop(tmp_path: Path, registry: str, through: Registry, engine: Engine) -> AsyncIterator[Workshop]:
    """On a base of busybox that the registry has."""
    place = Reference.parse(f"{registry}/classic/busybox:trixie")
    pinned = place.pinned((await pushed(through, place, busybox())).digest)
    yield Workshop(tmp_path, through, on_base(build("2.0/trixie@amd64"), NAME, pinned, registry=registry))
    # Bases stay in engines, and this engine may be the developer's.
    said(engine, "rmi", str(pinned), check=False)


def on_base(one: Build, name: Reference, pinned: Reference, *, registry: str, os_version: str = "") -> Build:
    """A build on this base, staged in this registry."""
    repositories = Repositories(registry, CONFIG)
    staged = repositories.staged(one.target.arch, one.build_id)
    return replace(
        one,
        bases=(ResolvedBase(name, one.target.arch, pinned, pinned.digest, os_version),),
        staging=staged,
        pointer=repositories.last_staged(one.target),
    )


def connect_to(engine: Engine) -> Callable[[], docker.DockerClient]:
    return lambda: docker.DockerClient(engine.host)


def contents(built: Layout, base: MadeImage) -> dict[str, tuple[Any, ...]]:
    """All that is in an image, by path; the times of files are left out, as the classic builder keeps them."""
    found: dict[str, tuple[Any, ...]] = {}
    for number, layer in enumerate(built.image.layers):
        path = built.blob(layer.digest)
        packed = path.read_bytes() if isinstance(path, Path) else gzip.compress(base.layers[number])
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                digest = hashlib.sha256(file.read()).hexdigest() if file else ""
                facts = (member.type, oct(member.mode), member.uid, member.gid, member.linkname, digest)
                found[member.name.strip("/")] = facts
    return found


def described(built: Layout) -> dict[str, Any]:
    """What the configuration of an image says to who runs it."""
    if built.image.config is None:
        return {}
    path = built.blob(built.image.config.digest)
    config = json.loads(path.read_bytes()) if isinstance(path, Path) else {}
    return {
        **{key: config[key] for key in ("os", "architecture")},
        **{key: value for key, value in config["config"].items() if value and key in RUNTIME_KEYS},
    }


RUNTIME_KEYS = frozenset(
    {"Cmd", "Entrypoint", "Env", "ExposedPorts", "Labels", "StopSignal", "User", "Volumes", "WorkingDir"}
)


def left_in(engine: Engine) -> tuple[str, str]:
    """The images without a name and the containers of an engine."""
    images = said(engine, "images", "--all", "--format", "{{.Repository}}:{{.Tag}}@{{.Digest}}")
    return images, said(engine, "ps", "--all", "--quiet")


async def test_an_image_is_what_buildkit_makes(
    workshop: Workshop, either: Engine, engine: Engine, runner: SystemRunner
) -> None:
    workshop.files = {"folder/text": b"text", "program": b"#!/bin/sh\n"}
    theirs = await buildx.solve(
        workshop.order("buildkit", DOCKERFILE),
        runner=runner,
        env=engine.environment,
        limits=Limits(60, 600, asyncio.get_running_loop().time() + 600),
        on_progress=lambda progress: None,
        on_line=lambda line: None,
    )

    ours = await workshop.solve(connect_to(either), "classic", DOCKERFILE)

    assert (theirs.message, ours.message) == ("", "")
    expected, built = await workshop.layout("buildkit"), await workshop.layout("classic")
    layout.check_arch(built, "amd64")
    assert contents(built, busybox()) == contents(expected, busybox())
    assert described(built) == described(expected)
    base = await workshop.registry.document(workshop.build.bases[0].pinned)
    assert base is not None
    assert built.image.layers[:1] == base.layers
    assert list(built.elsewhere) == [base.layers[0].digest]
    assert ours.progress.steps == (17, 17)


async def test_what_was_built_is_staged_and_runs(workshop: Workshop, either: Engine, engine: Engine) -> None:
    await workshop.solve(connect_to(either), "classic", 'FROM busybox:trixie\nRUN echo hi > /x\nCMD ["cat", "/x"]\n')

    index = await staging.push(await workshop.layout("classic"), workshop.build, workshop.registry)

    staged = workshop.build.staging.pinned(staging.image_of(index).digest)
    try:
        assert said(engine, "run", "--rm", "--pull", "always", "--quiet", "--network", "none", str(staged)) == "hi"
    finally:
        said(engine, "rmi", str(staged), check=False)


async def test_a_failed_instruction_is_told_with_its_line_and_leaves_nothing(
    workshop: Workshop, plain_store: Engine
) -> None:
    await workshop.solve(connect_to(plain_store), "first", "FROM busybox:trixie\n")
    before = left_in(plain_store)

    solved = await workshop.solve(
        connect_to(plain_store), "failed", "FROM busybox:trixie\n# why\nENV A=1\nRUN echo last; \\\n  exit 7\n"
    )

    assert (solved.code, solved.place, solved.message) == (
        ExitCode.BUILD_FAILED,
        "dockerfiles/2.0/trixie/Dockerfile:4",
        "3/3 RUN echo last; exit 7: exit code: 7",
    )
    assert solved.tail[-2:] == ("last", "> 3/3 RUN echo last; exit 7: exit code: 7")
    assert left_in(plain_store) == before


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("FROM busybox:trixie\nRUNN x\n", "", "dockerfile parse error on line 2"),
        ("FROM busybox:trixie\nCOPY none /\n", "dockerfiles/2.0/trixie/Dockerfile:2", "2/2 COPY none /: COPY failed"),
        ("FROM busybox:trixie\nRUN /none\n", "dockerfiles/2.0/trixie/Dockerfile:2", "2/2 RUN /none: exit code: 127"),
    ],
)
async def test_a_failure_has_its_cause(workshop: Workshop, either: Engine, text: str, place: str, message: str) -> None:
    solved = await workshop.solve(connect_to(either), "classic", text)

    assert (solved.code, solved.place) == (ExitCode.BUILD_FAILED, place)
    assert message in solved.message


SLOW = "FROM busybox:trixie\nRUN echo one\nRUN echo ready && sleep 300\n"


async def test_cancelling_ends_the_build_and_leaves_nothing(workshop: Workshop, plain_store: Engine) -> None:
    await workshop.solve(connect_to(plain_store), "first", "FROM busybox:trixie\n")
    before = left_in(plain_store)
    task = asyncio.create_task(workshop.solve(connect_to(plain_store), "slow", SLOW))
    await workshop.printed.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert left_in(plain_store) == before


async def test_a_silent_builder_is_ended(workshop: Workshop, plain_store: Engine) -> None:
    await workshop.solve(connect_to(plain_store), "first", "FROM busybox:trixie\n")
    before = left_in(plain_store)
    workshop.idle_seconds = 2

    solved = await workshop.solve(connect_to(plain_store), "slow", SLOW)

    assert solved.code is ExitCode.UNAVAILABLE
    assert solved.message.startswith("no sign of life from the builder for 2 s")
    assert left_in(plain_store) == before


# The SDK leaves its socket open where an engine does not take the connection.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
async def test_an_engine_that_dies_is_a_failure_that_may_pass(
    workshop: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with plain_engine(tmp_path_factory.mktemp("e")) as (engine, process):
        task = asyncio.create_task(workshop.solve(connect_to(engine), "slow", SLOW))
        await workshop.printed.wait()

        os.kill(process, signal.SIGKILL)
        solved = await task

    assert solved.code is ExitCode.UNAVAILABLE
    assert solved.message.startswith("the engine was lost: ")
    gc.collect()


# Windows: no engine on Linux builds it, so one that only plays saves what a real one would.

WINDOWS_NAME = Reference.parse("windows/servercore:ltsc2025")
RELEASE = "10.0.26100.4061"
SERVERCORE = (plain({"Files/base": b"1"}), plain({"Files/patch": b"2"}))


def windows(*layers: bytes) -> MadeImage:
    return image(*layers, platform="windows/amd64", **{"os.version": RELEASE, "os.features": ["win32k"]})


async def staged_windows(
    root: Path, address: str, through: Registry, *, foreign: bool, staged_at: str = ""
) -> tuple[Build, Document]:
    """Build on a base of Windows in a registry, and push what comes out there or to another one."""
    base = windows(*SERVERCORE)
    place = Reference.parse(f"{address}/windows/servercore:ltsc2025")
    manifest = await pushed(through, place, base, kind=DOCKER_MANIFEST, foreign=foreign)
    one = build("2.0/windowsservercore-ltsc2025@windows-amd64")
    made = on_base(one, WINDOWS_NAME, place.pinned(manifest.digest), registry=staged_at or address, os_version=RELEASE)
    built = windows(*base.layers, plain({"Files/tool": b"3"}))
    messages: Sequence[Mapping[str, Any]] = ({"stream": "Step 1/1 : FROM x"}, {"aux": {"ID": digest_of(built.config)}})
    engine = FakeEngine(says=messages, archive=saved_in_folders(built))
    workshop = Workshop(root, through, made)
    await workshop.solve(engine.connect, "windows", "FROM windows/servercore:ltsc2025\nRUN tool\n")
    found = await workshop.layout("windows")
    layout.check_arch(found, "windows-amd64")
    return made, await staging.push(found, made, through)


async def test_an_image_of_windows_is_staged_on_the_layers_of_its_base(
    tmp_path: Path, registry: str, through: Registry
) -> None:
    made, index = await staged_windows(tmp_path, registry, through, foreign=False)

    entry = json.loads(index.content)["manifests"][0]
    staged = await through.document(made.staging.repository.at(entry["digest"]))
    base = await through.document(made.bases[0].pinned)
    assert staged is not None
    assert base is not None
    assert entry["platform"] == {
        "os": "windows",
        "architecture": "amd64",
        "os.version": RELEASE,
        "os.features": ["win32k"],
    }
    assert staged.media_type == DOCKER_MANIFEST
    assert staged.layers[:2] == base.layers
    for blob in staged.blobs:
        await through.blob(made.staging.repository, blob.digest, max_bytes=blob.size)


ALLOWING = {"manifests": {"urls": {"allow": ["^https://layers[.]example/"]}}}


async def test_foreign_layers_stay_where_they_are(tmp_path: Path, through: Registry) -> None:
    async with configured_registry(tmp_path, validation=ALLOWING) as address:
        made, index = await staged_windows(tmp_path, address, through, foreign=True)

        staged = await through.document(made.staging.repository.at(staging.image_of(index).digest))
        assert staged is not None
        foreign, *others = staged.layers
        assert foreign.urls == ("https://layers.example/base",)
        assert await through.blob_size(made.staging.repository, foreign.digest) is None
        assert None not in [await through.blob_size(made.staging.repository, layer.digest) for layer in others]


async def test_a_registry_that_allows_no_foreign_layers_is_told_to(tmp_path: Path, through: Registry) -> None:
    (tmp_path / "strict").mkdir()
    async with (
        configured_registry(tmp_path, validation=ALLOWING) as allowing,
        configured_registry(tmp_path / "strict") as strict,
    ):
        with pytest.raises(InputError, match="1 of its layers may only be had from elsewhere, and this registry does"):
            await staged_windows(tmp_path, allowing, through, foreign=True, staged_at=strict)
