import asyncio
import base64
import json
import shlex
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from orchestrator.errors import ExitCode, LocalOutputError, ProgramMissingError
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.dockerfile.stages import images, stages
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Build, planned
from orchestrator.model.plan.build_id import BuildInputs
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.solve import Progress
from orchestrator.model.targets import Matrix, Target
from orchestrator.render.dockerfile import path_of
from orchestrator.tools.buildx import Order, Solved, build_command, solve
from orchestrator.tools.watchdog import Limits
from tests.fake_runner import ABSENT, Answer, FakeRunner
from tests.fakes import FakeBuildx
from tests.golden import expected, rawjson
from tests.samples import build
from tests.templates import shipped

BUILD = build("2.0/trixie@arm32v7")
EPOCH = 1_767_225_600
STEP = "[stage-1 2/3] RUN make"
FAR = Limits(idle_seconds=1_200, total_seconds=10_800, until=float("inf"))


def order(root: Path, one: Build = BUILD, *, sources: Path | None = None) -> Order:
    return Order(one, "default", root / "context", sources, root / "layout", EPOCH, root / "logs" / "build.log")


# The commands


def shipped_build(target: Target) -> Build:
    """What the plan would hold for a target, on bases with made-up digests."""
    names = (Reference.parse(image) for image in images(stages(shipped.dockerfiles()[target.facts.name], {})))
    digests = {name: digest_of(f"{name} {target.arch}".encode()) for name in names}
    inputs = BuildInputs(
        dockerfile=digest_of(target.facts.name.encode()).removeprefix("sha256:"),
        files={},
        platform=target.platform,
        build_args={"PYTHON_OPTIMIZE": "no"} if target.facts.line == "3.14" else {},
        bases={name.short: digest for name, digest in digests.items()},
        builder="buildkit",
    )
    return planned(
        target,
        KeptInputs(inputs, ""),
        bases=tuple(
            ResolvedBase(name, target.arch, name.pinned(digest), digest, "") for name, digest in digests.items()
        ),
        directory=PurePosixPath("dockerfiles") / path_of(target.facts).parent,
        repositories=Repositories("registry.example", shipped.config()),
    )


def test_the_commands_of_the_whole_shipped_image() -> None:
    matrix = Matrix.of(shipped.all_facts(), shipped.config(), base_arches={})
    config = shipped.config()
    builders = {each: config.builder_of(each.arch, each.facts.variant) for each in matrix.targets}
    targets = [each for each, builder in builders.items() if builder.driver != "classic"]

    commands = {
        str(each): build_command(order(Path("/out/tmp"), shipped_build(each), sources=Path("/out/sources")))
        for each in targets
    }

    text = "".join(f"{name}: {shlex.join(command)}\n" for name, command in commands.items())
    assert text == expected("commands.txt", text)


def test_a_command_says_everything_about_one_build(tmp_path: Path) -> None:
    arguments = replace(BUILD, inputs=replace(BUILD.inputs, build_args={"LINE": "2.0", "FLAGS": "-O2 $X"}))

    command = build_command(order(Path("/w"), arguments, sources=Path("/sources")))

    digest = digest_of(b"arm32v7")
    assert command == [
        *("docker", "buildx", "build"),
        *("--builder", "default"),
        *("--platform", "linux/arm/v7"),
        *("--progress", "rawjson"),
        *("--provenance", "mode=max"),
        *("--build-context", f"busybox:trixie=docker-image://docker.io/library/busybox@{digest}"),
        *("--build-context", "source=/sources"),
        *("--build-arg", "FLAGS=-O2 $X"),
        *("--build-arg", "LINE=2.0"),
        *("--output", f"type=oci,dest=/w/layout,tar=false,rewrite-timestamp=true,name={BUILD.staging}"),
        *("--file", "/w/context/Dockerfile"),
        "/w/context",
    ]


def test_a_builder_that_can_pushes_by_digest_alone() -> None:
    command = build_command(replace(order(Path("/w")), pushes=True))

    output = command.index("--output")
    assert command[output : output + 4] == [
        "--output",
        f"type=image,name={BUILD.staging.repository},push-by-digest=true,name-canonical=true,push=true,store=false,"
        "oci-mediatypes=true,rewrite-timestamp=true",
        "--metadata-file",
        "/w/metadata.json",
    ]


@pytest.mark.parametrize("no_cache", [True, False])
def test_a_builder_is_told_to_do_without_its_cache_only_where_that_is_wished(no_cache: bool) -> None:
    command = build_command(replace(order(Path("/w")), no_cache=no_cache))

    assert ("--no-cache" in command) == no_cache


def test_a_stage_stays_as_it_is_without_downloads() -> None:
    command = build_command(order(Path("/w")))

    assert [word for word in command if word.startswith("source=")] == []


def test_a_path_with_a_comma_is_one_field() -> None:
    command = build_command(order(Path('/w,x/"y"')))

    output = command[command.index("--output") + 1]
    assert output.startswith('type=oci,"dest=/w,x/""y""/layout",tar=false,')


# One run


class Run:
    """A run of `solve`, with everything that came out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "logs" / "build.log"
        self.progress: list[Progress] = []
        self.lines: list[str] = []
        self.runner: FakeRunner = FakeRunner()
        self.attempt = 1
        self.limits = FAR

    async def __call__(self, said: str = "", *, status: int = 1) -> Solved:
        self.runner.script = {"docker buildx build": Answer(status, stderr=said)}
        return await self.start()

    async def start(self) -> Solved:
        return await solve(
            replace(order(self.root), attempt=self.attempt),
            runner=self.runner,
            env={"DOCKER_HOST": "unix:///run/docker.sock", "TOKEN": "s3cret"},
            limits=self.limits,
            on_progress=self.progress.append,
            on_line=self.lines.append,
        )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def document(*, logs: tuple[bytes, ...] = (), error: str = "", done: bool = False) -> str:
    vertex = {"digest": "sha256:1", "name": STEP, "started": "2026-01-01T00:00:00Z"}
    vertex |= {"completed": "2026-01-01T00:00:01Z"} if done else {}
    vertex |= {"error": error} if error else {}
    entries = [{"vertex": "sha256:1", "data": base64.b64encode(data).decode()} for data in logs]
    return json.dumps({"vertexes": [vertex], "logs": entries}, indent=2) + "\n"


async def test_the_log_of_a_build_that_ends_well(run: Run) -> None:
    solved = await run(rawjson("built").decode(), status=0)

    assert solved == Solved(ExitCode.DONE, "", run.progress[-1], tuple(run.lines))
    assert (solved.progress.steps, solved.progress.cached) == ((3, 3), 0)
    assert run.log.read_text(encoding="utf-8") == (
        "> [internal] load build definition from Dockerfile\n"
        "> [context tiny:x] load metadata for registry.example/library/tiny:amd64\n"
        "> [internal] load .dockerignore\n"
        "> [context tiny:x] registry.example/library/tiny:amd64\n"
        "> 1/2 RUN printf 'gr\\303\\274n\\n\\033[31mred\\033[0m\\n10%%\\r100%%\\n'; echo to stderr >&2; "
        "printf 'no newline at the end'\n"
        "grün\n"
        "red\n"
        "100%\n"
        "to stderr\n"
        "no newline at the end\n"
        "> 1/3 COPY --from=made /bin/busybox /copied\n"
        "> 2/3 RUN <<EOF (set -e...)\n"
        "several\n"
        "lines\n"
        "> exporting to oci image format\n"
    )


async def test_cached_steps_are_counted_and_said(run: Run) -> None:
    solved = await run(rawjson("cached").decode(), status=0)

    assert (solved.progress.steps, solved.progress.cached) == ((3, 3), 3)
    assert [line for line in run.lines if line.endswith(": cached")] == [
        "> 1/2 RUN printf 'gr\\303\\274n\\n\\033[31mred\\033[0m\\n10%%\\r100%%\\n'; echo to stderr >&2; "
        "printf 'no newline at the end': cached",
        "> 1/3 COPY --from=made /bin/busybox /copied: cached",
        "> 2/3 RUN <<EOF (set -e...): cached",
    ]


async def test_a_run_that_fails_is_explained_by_what_it_printed_not_by_its_script(run: Run) -> None:
    solved = await run(rawjson("failed").decode())

    assert (solved.code, solved.message) == (ExitCode.BUILD_FAILED, "3/4 RUN <<EOF (set -e...): exit code: 7")
    assert solved.tail[-4:] == (
        "> 3/4 RUN <<EOF (set -e...)",
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "last words",
        "> 3/4 RUN <<EOF (set -e...): exit code: 7",
    )
    assert solved.tail == tuple(run.lines[-20:])
    assert "  11 | >>> RUN <<EOF\n" in run.log.read_text(encoding="utf-8")


async def test_the_log_grows_with_the_build(run: Run) -> None:
    seen: list[str] = []
    await solve(
        order(run.root),
        runner=FakeRunner({"docker": Answer(0, stderr="one\ntwo\n")}),
        env={},
        limits=run.limits,
        on_progress=run.progress.append,
        on_line=lambda line: seen.append(run.log.read_text(encoding="utf-8")),
    )

    assert seen == ["one\n", "one\ntwo\n"]


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        (
            "parse-error",
            ExitCode.BUILD_FAILED,
            "failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)",
        ),
        (
            "no-base",
            ExitCode.BUILD_FAILED,
            "[internal] load metadata for registry.example/library/none:latest: "
            "registry.example/library/none:latest: not found",
        ),
        (
            "no-daemon",
            ExitCode.UNAVAILABLE,
            "Cannot connect to the Docker daemon at unix:///run/docker.sock. Is the docker daemon running?",
        ),
        (
            "disk-full",
            ExitCode.LOCAL_OUTPUT,
            "exporting to oci image format: failed to copy: failed to send write: write /out/layout/ingest/"
            "a4d2b4a4a3d3569d170b981f74f7e3142022e4bbb9b47d8baba8fdf34c9be1fe/data: "
            "no space left on device: unknown",
        ),
    ],
)
async def test_a_failure_is_a_value_with_its_cause(run: Run, name: str, code: ExitCode, message: str) -> None:
    solved = await run(rawjson(name).decode())

    assert (solved.code, solved.message) == (code, message)


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ("", ExitCode.BUILD_FAILED, "buildx ended with 1 and gave no reason"),
        ("odd words\nmore of them", ExitCode.BUILD_FAILED, "odd words\nmore of them"),
        (
            ">>> RUN echo 503 Service Unavailable\nERROR: one\nERROR: failed to solve: two\n",
            ExitCode.BUILD_FAILED,
            "failed to solve: two",
        ),
        (
            document(error="error reading from server: EOF"),
            ExitCode.UNAVAILABLE,
            "2/3 RUN make: error reading from server: EOF",
        ),
        (
            document(error='process "echo connection refused" did not complete successfully: exit code: 1'),
            ExitCode.BUILD_FAILED,
            "2/3 RUN make: exit code: 1",
        ),
        ("ERROR: \x1b[31mred\x1b[0m", ExitCode.BUILD_FAILED, "red"),
    ],
)
async def test_what_buildx_says_last_explains_a_failure(run: Run, said: str, code: ExitCode, message: str) -> None:
    solved = await run(said)

    assert (solved.code, solved.message) == (code, message)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (
            "Dockerfile:7\n-----\n  7 | >>> RUN make\n-----\nERROR: failed to solve: no\n",
            "dockerfiles/2.0/trixie/Dockerfile:7",
        ),
        ("> RUN cat Dockerfile:7\nERROR: failed to solve: no\n", ""),
        ("ERROR: error reading from server: EOF\n", ""),
    ],
)
async def test_the_line_that_buildkit_blames_is_told_with_its_file(run: Run, said: str, place: str) -> None:
    assert (await run(document(error="no") + said)).place == place


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ((b"one\ntwo\n",), ["one", "two"]),
        ((b"on", b"e\ntw", b"o"), ["one", "two"]),
        ((b"caf\xc3", b"\xa9\n"), ["café"]),
        ((b"\xff\n",), ["\ufffd"]),
        ((b"one\r\ntwo\r", b"\n"), ["one", "two"]),
        ((b"10%\r100%\n\n",), ["100%", ""]),
        ((b"\x1b[1;31mred\x1b[0m\x1b[2K\x07\ttab\n",), ["red\ttab"]),
        ((b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b]open\n",), ["ab"]),
        (("\x9b31m\x85\u2028c\x1bM\x00d\n".encode(),), ["31mcd"]),
    ],
)
async def test_a_log_has_plain_lines(run: Run, chunks: tuple[bytes, ...], lines: list[str]) -> None:
    await run(document() + "".join(document(logs=(chunk,)) for chunk in chunks), status=0)

    assert run.lines == ["> 2/3 RUN make", *lines]
    assert run.log.read_text(encoding="utf-8") == "".join(f"{line}\n" for line in run.lines)


async def test_the_last_word_of_a_program_stands_before_the_error(run: Run) -> None:
    await run(document(logs=(b"half a line",)) + document(error="broken", done=True))

    assert run.lines == ["> 2/3 RUN make", "half a line", "> 2/3 RUN make: broken"]


async def test_the_tail_has_twenty_lines(run: Run) -> None:
    text = "".join(f"line {number}\n" for number in range(30)).encode()

    solved = await run(document(logs=(text,)))

    assert solved.tail == tuple(f"line {number}" for number in range(10, 30))


async def test_an_error_of_several_lines_is_several_lines_of_the_log(run: Run) -> None:
    solved = await run(document(error="one\ntwo"))

    assert solved.tail == ("> 2/3 RUN make", "> 2/3 RUN make: one", "two")


async def test_the_environment_goes_to_buildx_and_nowhere_else(run: Run) -> None:
    await run("stray\n")

    assert run.runner.asked == [tuple(build_command(order(run.root)))]
    assert run.runner.environments == [
        {
            "DOCKER_HOST": "unix:///run/docker.sock",
            "TOKEN": "s3cret",
            "SOURCE_DATE_EPOCH": str(EPOCH),
            "BUILDX_CONFIG": str(run.root / "buildx"),
        }
    ]
    assert "s3cret" not in shlex.join(run.runner.asked[0]) + run.log.read_text(encoding="utf-8")
    assert str(EPOCH) not in shlex.join(run.runner.asked[0])


async def test_what_an_earlier_run_left_is_gone(run: Run) -> None:
    (run.root / "layout").mkdir()
    (run.root / "layout" / "index.json").touch()
    run.log.parent.mkdir()
    run.log.write_text("old\n")

    await run("new\n")

    assert not (run.root / "layout").exists()
    assert run.log.read_text() == "new\n"


async def test_the_log_of_another_attempt_goes_on_in_the_same_file(run: Run) -> None:
    await run("lost\n")
    run.attempt = 2

    solved = await run("found\n")

    assert run.log.read_text(encoding="utf-8") == "lost\n> attempt 2\nfound\n"
    assert solved.tail == ("> attempt 2", "found")


@pytest.mark.parametrize(("exit_code", "is_crash"), [(139, True), (1, False), (137, False)])
async def test_a_run_that_died_of_a_segmentation_fault_is_marked(run: Run, exit_code: int, *, is_crash: bool) -> None:
    solved = await run(document(error=f'process "make" did not complete successfully: exit code: {exit_code}'))

    assert (solved.code, solved.is_crash) == (ExitCode.BUILD_FAILED, is_crash)


async def test_a_silent_builder_is_a_failure_that_may_pass(run: Run) -> None:
    run.runner = builder = FakeBuildx(seconds=60, first_words=document(logs=(b"half a line",)))
    run.limits = replace(FAR, idle_seconds=0.02)

    solved = await run.start()

    told = (
        "no sign of life from the builder for 0.02 s; it hangs or is lost, or a step needs longer without a word: "
        "allow that by --idle-timeout"
    )
    assert (solved.code, solved.message) == (ExitCode.UNAVAILABLE, told)
    assert solved.tail == ("> 2/3 RUN make", "half a line", f"> {told}")
    assert builder.at_once == 0


async def test_a_build_without_end_is_the_builds_own_failure(run: Run) -> None:
    run.runner = builder = FakeBuildx(seconds=60)
    run.limits = replace(FAR, until=asyncio.get_running_loop().time() + 0.02)

    solved = await run.start()

    assert (solved.code, solved.message, builder.at_once) == (
        ExitCode.BUILD_FAILED,
        "no end after 3 h; if it needs longer, allow that by --timeout",
        0,
    )


async def test_a_log_that_cannot_be_written_ends_the_run(run: Run) -> None:
    run.log.parent.touch()

    with pytest.raises(LocalOutputError, match=r"build\.log: .*; free some space or mend its rights"):
        await run()


async def test_a_machine_without_docker_is_told_so(run: Run) -> None:
    run.runner.script = {"docker buildx build": ABSENT}

    with pytest.raises(ProgramMissingError, match="`docker` is not on this machine"):
        await run.start()
