"""One build by an engine with the classic builder, from the Dockerfile to the layout, and what is left of it."""

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ContractBrokenError, ExitCode, InputError, LocalOutputError
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    Descriptor,
    Document,
    digest_of,
)
from orchestrator.model.plan import Build
from orchestrator.model.references import Reference, Repository
from orchestrator.model.solve import Progress
from orchestrator.tools import classic
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.classic.notes import note
from orchestrator.tools.layout import Layout, check_arch, read
from orchestrator.tools.watchdog import Limits
from tests.fake_engine import FakeEngine, MadeImage, image, plain, refusal, saved_by_containerd, saved_in_folders
from tests.samples import build, image_entry, index_document

EPOCH = 1_767_225_600
FAR = Limits(idle_seconds=1_200, total_seconds=10_800, until=float("inf"))
RELEASE = "10.0.26100.4061"
BASE = image(plain({"Files/base": b"1"}), platform="windows/amd64", **{"os.version": RELEASE})
OWN = plain({"Files/own": b"2"})
BUILT = image(*BASE.layers, OWN, platform="windows/amd64", **{"os.version": RELEASE, "os.features": ["win32k"]})
FOREIGN = Descriptor(
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest_of(b"base in gzip"),
    12,
    urls=("https://layers.example/base",),
)
PLACE = Reference.parse("mirror.example/windows/servercore:ltsc2025")
NAME = Reference.parse("windows/servercore:ltsc2025")


def manifest(made: MadeImage, *layers: Descriptor, kind: str = DOCKER_MANIFEST) -> Document:
    content = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": Descriptor(DOCKER_CONFIG, digest_of(made.config), len(made.config)).entry,
        "layers": [layer.entry for layer in layers],
    }
    return Document(kind, json.dumps(content).encode())


class FakeBases:
    """The registries of bases."""

    def __init__(self, made: MadeImage, described: Document) -> None:
        self.documents = {described.digest: described}
        self.blobs = {digest_of(made.config): made.config}

    async def document(self, reference: Reference) -> Document | None:
        return self.documents.get(reference.digest)

    async def blob(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        return self.blobs[digest]


BASE_MANIFEST = manifest(BASE, FOREIGN)


def said(made: MadeImage) -> tuple[Mapping[str, Any], ...]:
    """What a builder says of a build that ends well."""
    return (
        {"stream": "Step 1/2 : FROM windows"},
        {"stream": "\n"},
        {"stream": " ---> 95c37d5e547e\n"},
        {"stream": "Step 2/2 : RUN tool"},
        {"stream": "\n"},
        {"stream": "installed\r\n"},
        {"stream": " ---> 6128cb2a544d\n"},
        {"aux": {"ID": digest_of(made.config)}},
        {"stream": "Successfully built 6128cb2a544d\n"},
    )


class Run:
    """A run of `solve`, with everything that came out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "logs" / "build.log"
        self.notes = root / "logs" / "notes"
        self.engine = FakeEngine(says=said(BUILT), archive=saved_in_folders(BUILT))
        self.bases = FakeBases(BASE, BASE_MANIFEST)
        self.pinned = PLACE.pinned(BASE_MANIFEST.digest)
        self.limits = FAR
        self.attempt = 1
        self.sources: Path | None = None
        self.lines: list[str] = []
        self.printed = asyncio.Event()
        self.progress: list[Progress] = []
        (root / "context").mkdir()
        self.dockerfile("FROM windows/servercore:ltsc2025\nRUN tool\n")

    def dockerfile(self, text: str) -> None:
        (self.root / "context" / "Dockerfile").write_text(text)

    @property
    def build(self) -> Build:
        one = build("2.0/windowsservercore-ltsc2025@windows-amd64")
        base = ResolvedBase(NAME, "windows-amd64", self.pinned, self.pinned.digest, RELEASE)
        return replace(one, bases=(base,))

    @property
    def order(self) -> Order:
        places = (self.root / "context", self.sources, self.root / "layout")
        return Order(self.build, "default", *places, EPOCH, self.log, self.attempt)

    async def __call__(self) -> Solved:
        return await classic.solve(
            self.order,
            connect=self.engine.connect,
            registry=self.bases,
            notes=self.notes,
            limits=self.limits,
            on_progress=self.progress.append,
            on_line=self.heard,
        )

    def heard(self, line: str) -> None:
        self.lines.append(line)
        if line == "installed":
            self.printed.set()

    def noted(self, tag: str) -> Path:
        """The file of a note, as of a run that was killed."""
        folder = self.notes / hashlib.sha256(b"engine").hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / tag

    @property
    def all_notes(self) -> list[str]:
        return [path.name for path in self.notes.rglob("*") if path.is_file()]

    async def layout(self) -> Layout:
        return read(self.root / "layout", elsewhere=await classic.elsewhere(self.build, self.bases))

    @property
    def removed(self) -> list[str]:
        return [call for call in self.engine.calls if call.startswith("remove")]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.mark.parametrize(("form", "named"), [(saved_in_folders, BUILT.config), (saved_by_containerd, BUILT.manifest)])
async def test_a_build_leaves_a_layout_without_the_layers_of_its_base(
    run: Run, form: Callable[[MadeImage], bytes], named: bytes
) -> None:
    run.engine = FakeEngine(says=(*said(BUILT)[:-2], {"aux": {"ID": digest_of(named)}}), archive=form(BUILT))

    solved = await run()

    found = await run.layout()
    check_arch(found, "windows-amd64")
    own = found.image.layers[1]
    assert solved == Solved(ExitCode.DONE, "", run.progress[-1], tuple(run.lines))
    assert (solved.progress.steps, solved.progress.cached) == ((2, 2), 0)
    assert found.image.media_type == DOCKER_MANIFEST
    assert found.image.layers == (FOREIGN, Descriptor(DOCKER_LAYER, own.digest, own.size))
    assert found.image.config == Descriptor(DOCKER_CONFIG, digest_of(BUILT.config), len(BUILT.config))
    assert (found.os_version, found.os_features, found.attestations) == (RELEASE, ("win32k",), ())
    assert found.elsewhere == {FOREIGN.digest: PLACE.repository}
    assert sorted(path.name for path in run.root.iterdir()) == ["context", "layout", "logs"]


async def test_two_runs_over_one_image_leave_equal_layouts(run: Run) -> None:
    await run()
    first = (await run.layout()).image

    run.engine = FakeEngine(says=said(BUILT), archive=saved_by_containerd(BUILT))
    await run()

    assert (await run.layout()).image == first


async def test_the_log_has_the_steps_and_what_they_print(run: Run) -> None:
    await run()

    assert run.log.read_text() == (
        f"> pulling {run.pinned}\n> 1/2 FROM windows\n> 2/2 RUN tool\ninstalled\n> keeping the image\n"
    )


async def test_the_engine_gets_the_base_first_and_is_told_its_digest(run: Run) -> None:
    await run()

    with tarfile.open(fileobj=io.BytesIO(run.engine.context)) as context:
        dockerfile = context.extractfile(str(run.engine.options["dockerfile"]))
        assert dockerfile is not None
        assert dockerfile.read() == f"FROM {run.pinned}\nRUN tool\n".encode()
    assert run.engine.calls[1:3] == [f"pull {PLACE.repository}@{BASE_MANIFEST.digest} windows/amd64", "build"]
    assert run.engine.options == {
        "custom_context": True,
        "dockerfile": ".orchestrator-dockerfile",
        "buildargs": {"LINE": "2.0/windowsservercore-ltsc2025"},
        "platform": "windows/amd64",
        "nocache": True,
        "rm": True,
        "forcerm": True,
        "decode": True,
    }


async def test_a_base_that_is_there_is_not_pulled(run: Run) -> None:
    run.engine.images_there[str(run.pinned)] = {"RepoDigests": [str(run.pinned)]}

    await run()

    assert run.engine.calls[:2] == ["close", "build"]


async def test_downloads_are_sent_where_a_stage_stands_for_them(run: Run, tmp_path: Path) -> None:
    run.sources = tmp_path / "sources"
    run.sources.mkdir()
    (run.sources / "tool.exe").write_bytes(b"tool")
    run.dockerfile("FROM scratch AS source\nFROM windows/servercore:ltsc2025\nCOPY --from=source /tool.exe C:/\n")

    await run()

    with tarfile.open(fileobj=io.BytesIO(run.engine.context)) as context:
        assert context.getnames()[2:] == [".orchestrator-source", ".orchestrator-source/tool.exe"]


async def test_nothing_of_a_build_stays_in_the_engine_but_what_has_another_name(run: Run) -> None:
    run.engine.images_there = {"95c37d5e547e": {"RepoDigests": [str(run.pinned)]}, "6128cb2a544d": {"RepoTags": None}}
    run.engine.in_use = 1

    await run()

    assert run.removed == ["remove 6128cb2a544d", "remove orchestrator-classic"]
    assert list(run.engine.images_there) == ["95c37d5e547e"]


async def test_a_step_that_ended_when_nobody_listened_goes_too_and_those_of_other_builds_stay(run: Run) -> None:
    run.engine.images_there = {
        "95c37d5e547e": {"RepoDigests": [str(run.pinned)]},
        "6128cb2a544d": {"ParentId": "sha256:95c37d5e547e", "RepoTags": ["<none>:<none>"]},
        "111111111111": {"ParentId": "sha256:6128cb2a544d"},
        "222222222222": {"ParentId": "sha256:111111111111"},
        "333333333333": {"ParentId": "sha256:95c37d5e547e"},
        "444444444444": {"ParentId": "sha256:6128cb2a544d", "RepoTags": ["somebody/else:1"]},
    }

    await run()

    assert list(run.engine.images_there) == ["95c37d5e547e", "333333333333", "444444444444"]


async def test_a_list_of_images_that_breaks_off_is_asked_for_again(run: Run) -> None:
    run.engine.images_there = {"6128cb2a544d": {}, "111111111111": {"ParentId": "sha256:6128cb2a544d"}}
    run.engine.lists_break = 1

    await run()

    assert run.engine.images_there == {}


async def test_what_a_killed_run_left_in_the_engine_is_removed_before_the_build(run: Run) -> None:
    run.noted("a" * 32).write_text("111111111111\n222222222222\n3333")
    left = ("111111111111", "222222222222", f"orchestrator-classic:{'a' * 32}")
    run.engine.images_there = {name: {} for name in (*left, "333333333333")}

    await run()

    assert run.removed[:3] == ["remove orchestrator-classic", "remove 222222222222", "remove 111111111111"]
    assert run.engine.calls.index("remove 111111111111") < run.engine.calls.index("build")
    assert list(run.engine.images_there) == ["333333333333"]
    assert run.all_notes == []


async def test_what_a_run_has_that_is_running_now_stays(run: Run) -> None:
    run.engine.images_there = {"111111111111": {}}
    with note(run.noted("").parent) as running:
        running.add(["111111111111"])

        await run()

        assert list(run.engine.images_there) == ["111111111111"]


async def test_what_was_left_in_another_engine_stays_noted(run: Run) -> None:
    run.noted("a" * 32).write_text("111111111111\n")
    run.engine.identity = "another"

    await run()

    assert run.all_notes == ["a" * 32]


async def test_what_cannot_be_removed_is_removed_by_the_next_run(run: Run) -> None:
    stubborn = Stubborn(says=said(BUILT), archive=saved_in_folders(BUILT))
    run.engine, willing = stubborn, run.engine
    await run()
    assert len(run.all_notes) == 1
    run.engine, willing.images_there = willing, stubborn.images_there

    await run()

    assert (willing.images_there, run.all_notes) == ({}, [])


class Stubborn(FakeEngine):
    """Removes nothing."""

    def remove(self, name: str) -> None:
        raise refusal(500, "not today")


RUN_FAILED = {"errorDetail": {"code": 7}, "error": "The command 'cmd /S /C tool' returned a non-zero code: 7"}


async def test_a_failed_instruction_is_a_value_with_its_place(run: Run) -> None:
    run.dockerfile("# hello\nFROM windows/servercore:ltsc2025\n\nRUN tool\n")
    run.engine = FakeEngine(says=(*said(BUILT)[:6], RUN_FAILED), images_there={"95c37d5e547e": {"RepoTags": []}})

    solved = await run()

    assert (solved.code, solved.place, solved.message) == (
        ExitCode.BUILD_FAILED,
        "dockerfiles/2.0/windowsservercore-ltsc2025/Dockerfile:4",
        "2/2 RUN tool: exit code: 7",
    )
    assert solved.tail[-2:] == ("installed", "> 2/2 RUN tool: exit code: 7")
    assert "save" not in run.engine.calls
    assert run.removed == ["remove 95c37d5e547e"]
    assert not (run.root / "layout").exists()


@pytest.mark.parametrize(
    ("says", "code", "message"),
    [
        ((refusal(400, "dockerfile parse error on line 2: unknown instruction: RUNN"),), 10, "dockerfile parse error"),
        ((refusal(500, "the driver has a bad day"),), 13, "the driver has a bad day"),
        ((*said(BUILT)[:6],), 13, "the engine was lost: it ended the build without a word"),
        ((*said(BUILT)[:6], ConnectionResetError(104, "reset by peer")), 13, "the engine was lost: reset by peer"),
        (({"error": "operating system is not supported"},), 10, "preparing the build: operating system"),
        (({"error": "write /x: no space left on device"},), 15, "no space left on device"),
    ],
)
async def test_a_failure_is_a_value_with_its_cause(run: Run, says: tuple[Any, ...], code: int, message: str) -> None:
    run.engine = FakeEngine(says=says)

    solved = await run()

    assert solved.code == code
    assert message in solved.message
    assert message.rpartition(": ")[2] in run.log.read_text()


async def test_a_base_that_the_engine_cannot_pull_is_a_value(run: Run) -> None:
    run.engine.pull_says = ({"error": "dial tcp: connection refused"},)

    solved = await run()

    assert (solved.code, solved.message) == (
        ExitCode.UNAVAILABLE,
        f"the engine cannot pull {run.pinned}: dial tcp: connection refused",
    )
    assert "build" not in run.engine.calls


async def test_an_engine_that_is_not_there_is_a_failure_that_may_pass(run: Run) -> None:
    run.engine.unreachable = True

    solved = await run()

    assert (solved.code, solved.message) == (ExitCode.UNAVAILABLE, "the engine was lost: Connection refused")


async def test_a_silent_engine_is_a_failure_that_may_pass(run: Run) -> None:
    run.engine = FakeEngine(says=said(BUILT)[:6], hangs=True)
    run.limits = replace(FAR, idle_seconds=0.2)

    solved = await run()

    assert solved.code is ExitCode.UNAVAILABLE
    assert solved.message.startswith("no sign of life from the builder for 0.2 s")
    assert run.engine.released.is_set()


async def test_cancelling_ends_the_build_in_the_engine(run: Run) -> None:
    run.engine = FakeEngine(says=said(BUILT)[:6], hangs=True, images_there={"95c37d5e547e": {}})
    task = asyncio.create_task(run())
    await run.printed.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert run.engine.released.is_set()
    assert run.removed == ["remove 95c37d5e547e"]
    assert sorted(path.name for path in run.root.iterdir()) == ["context", "logs"]


async def test_what_needs_buildkit_is_refused_before_anything_is_sent(run: Run) -> None:
    run.dockerfile("FROM windows/servercore:ltsc2025\nRUN --mount=type=cache,target=/x tool\nCOPY --link a b\n")

    with pytest.raises(InputError) as refused:
        await run()

    where = "dockerfiles/2.0/windowsservercore-ltsc2025/Dockerfile: line"
    assert refused.value.problems == (
        f"{where} 2: RUN --mount needs BuildKit; the classic builder does not have it",
        f"{where} 3: COPY --link needs BuildKit; the classic builder does not have it",
    )
    assert run.engine.calls == []


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        (
            image(*BASE.layers, OWN, platform="windows/amd64"),
            r"the engine built an image of Windows has the os\.version ''",
        ),
        (
            image(*BASE.layers, platform="windows/amd64", **{"os.version": "10.0.20348.1"}),
            r"os\.version '10\.0\.20348\.1', expected '10\.0\.26100\.4061'",
        ),
        (image(OWN, platform="windows/amd64", **{"os.version": RELEASE}), "stands on none of the bases"),
    ],
)
async def test_an_image_that_does_not_fit_its_base_is_refused(run: Run, saved: MadeImage, expected: str) -> None:
    run.engine = FakeEngine(says=said(saved), archive=saved_in_folders(saved))

    with pytest.raises(ContractBrokenError, match=expected):
        await run()
    assert run.removed == ["remove orchestrator-classic"]


async def test_another_image_than_was_built_is_refused(run: Run) -> None:
    run.engine.archive = saved_in_folders(BASE)

    with pytest.raises(ContractBrokenError, match="the engine saved another image"):
        await run()


async def test_a_base_that_is_gone_is_told(run: Run) -> None:
    run.bases.documents.clear()

    with pytest.raises(ContractBrokenError, match="there is no image for windows/amd64; was it deleted since the plan"):
        await run()


async def test_a_base_whose_documents_do_not_agree_is_refused(run: Run) -> None:
    described = manifest(BASE)
    run.bases, run.pinned = FakeBases(BASE, described), PLACE.pinned(described.digest)

    with pytest.raises(ContractBrokenError, match=r"is malformed: .* has 0 layers, and its configuration 1"):
        await run()


async def test_a_parent_is_found_by_the_index_over_it(run: Run) -> None:
    own = {**image_entry("windows/amd64", digest=BASE_MANIFEST.digest), "mediaType": DOCKER_MANIFEST}
    index = index_document(image_entry("linux/amd64"), own)
    run.bases.documents[index.digest] = index
    run.pinned = PLACE.pinned(index.digest)

    solved = await run()

    assert solved.code is ExitCode.DONE
    assert (await run.layout()).elsewhere == {FOREIGN.digest: PLACE.repository}


async def test_an_image_on_an_oci_base_is_an_oci_image(run: Run) -> None:
    described = manifest(BASE, FOREIGN, kind=OCI_MANIFEST)
    run.bases, run.pinned = FakeBases(BASE, described), PLACE.pinned(described.digest)

    await run()

    assert (await run.layout()).image.media_type == OCI_MANIFEST


async def test_what_an_earlier_run_left_is_gone_and_another_attempt_goes_on_in_the_log(run: Run) -> None:
    (run.root / "layout").mkdir()
    (run.root / "layout" / "index.json").touch()
    run.log.parent.mkdir()
    run.log.write_text("old\n")
    run.engine.says = (RUN_FAILED,)

    await run()
    assert run.log.read_text().splitlines()[0] == f"> pulling {run.pinned}"
    run.attempt = 2
    await run()

    assert run.log.read_text().count("> attempt 2\n") == 1
    assert not (run.root / "layout").exists()


async def test_a_log_that_cannot_be_written_is_told(run: Run) -> None:
    run.log.mkdir(parents=True)

    with pytest.raises(LocalOutputError, match=r"build\.log: Is a directory"):
        await run()
