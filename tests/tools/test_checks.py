"""The doctor's checks, one by one."""

import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError, OrchestratorError, UnavailableError
from orchestrator.tools import checks
from orchestrator.tools.checks import Check, State
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.engine.docker_host import Endpoint, Engine, Silence
from orchestrator.tools.process import Finished

ENGINE = Engine("unix:///s", private=False, version="26.1.5+dfsg1", platforms=("linux/amd64",))
SILENT = Silence(Endpoint("unix:///s"), "No such file or directory")
REMEDY = "do this"
S390X_ALONE = Capabilities(frozenset({"s390x"}), frozenset())


def ran(stdout: str, *, returncode: int = 0) -> Finished:
    return Finished(("x",), returncode, stdout, "")


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("s390x", S390X_ALONE, Check("builder s390x", State.OK, "remote: runs s390x")),
        ("slim", S390X_ALONE, Check("builder slim", State.OK, "remote: runs s390x")),
        (
            "riscv64",
            S390X_ALONE,
            Check(
                "builder riscv64",
                State.OPTIONAL,
                "remote: runs s390x",
                "name a builder that runs riscv64 as `riscv64` in `builders`",
            ),
        ),
        (
            "s390x",
            UnavailableError("nobody answers"),
            Check(
                "builder s390x",
                State.OPTIONAL,
                "remote: nobody answers",
                "mend that, or change `s390x` in `builders`",
            ),
        ),
    ],
)
def test_a_builder_answers_and_runs_what_it_is_named_for(
    key: str, answer: Capabilities | OrchestratorError, expected: Check
) -> None:
    assert checks.builder(key, "remote", answer, is_open=False) == expected


def test_a_builder_that_lets_everybody_in_is_told() -> None:
    assert checks.builder("s390x", "remote", S390X_ALONE, is_open=True) == Check(
        "builder s390x",
        State.OPTIONAL,
        "remote: runs s390x, without TLS",
        "whoever reaches it builds as root: have it listen with TLS, and name `certificates` in `builders`",
    )


@pytest.mark.parametrize(
    ("version", "state"), [((3, 10, 14), State.MISSING), ((3, 11, 0), State.OK), ((4, 0, 0), State.OK)]
)
def test_python(version: tuple[int, int, int], state: State) -> None:
    assert checks.python(version).state is state


@pytest.mark.parametrize(
    ("command", "finished", "expected"),
    [
        (("git", "--version"), ran("git version 2.39.5\n"), Check("git", State.OK, "2.39.5")),
        (
            ("docker", "--version"),
            ran("Docker version 20.10.24+dfsg1, build 297e128\n"),
            Check("docker", State.MISSING, "20.10.24+dfsg1, too old: need 23.0 or later", REMEDY),
        ),
        (
            ("docker", "buildx", "version"),
            ran("github.com/docker/buildx v0.13.1 788433953af10f2a698f5c07611dddce2e08c7a0\n"),
            Check("buildx", State.OK, "v0.13.1"),
        ),
        (
            ("docker", "buildx", "version"),
            ran("", returncode=1),
            Check("buildx", State.MISSING, "not on this machine", REMEDY),
        ),
        (("git", "--version"), None, Check("git", State.MISSING, "not on this machine", REMEDY)),
        (("git", "--version"), ran("git\n"), Check("git", State.MISSING, "says no version: 'git'", REMEDY)),
    ],
)
def test_a_program_is_judged_by_what_it_says_of_its_version(
    command: tuple[str, ...], finished: Finished | None, expected: Check
) -> None:
    oldest = {"git": (2, 20), "docker": (23, 0)}[command[0]] if command[-1] == "--version" else (0, 13)

    assert checks.program(command, finished, oldest=oldest, remedy=REMEDY) == expected


@pytest.mark.parametrize(
    ("text", "state", "found"),
    [
        (None, State.OK, "registries are used without credentials"),
        ('{"auths": {}}', State.OK, "config.json"),
        ('{"credsStore": "there", "credHelpers": {"r.example.org": "there"}}', State.OK, "config.json"),
        ('{"credHelpers": {"r.example.org": "gone"}}', State.MISSING, "names docker-credential-gone"),
        ("{", State.MISSING, "cannot be read"),
        ("", State.MISSING, "cannot be read"),
        ("[]", State.MISSING, "is no JSON object"),
    ],
)
def test_a_docker_configuration_that_docker_would_ignore_is_told(
    tmp_path: Path, text: str | None, state: State, found: str
) -> None:
    (tmp_path / "docker-credential-there").touch(mode=0o755)
    if text is not None:
        (tmp_path / "config.json").write_text(text)

    check = checks.docker_config({"DOCKER_CONFIG": str(tmp_path), "PATH": str(tmp_path)})

    assert (check.state, found in check.found) == (state, True)


@pytest.mark.parametrize(
    ("answer", "obstacle", "expected"),
    [
        (ENGINE, "", Check("engine", State.OK, "Docker 26.1.5+dfsg1 at unix:///s")),
        (
            Engine("unix:///s", private=False, version="20.10.24", platforms=()),
            "",
            Check("engine", State.MISSING, "Docker 20.10.24 at unix:///s", "upgrade it to 23.0 or later"),
        ),
        (SILENT, "", Check("engine", State.MISSING, str(SILENT), "orchestrator engine up")),
        (
            SILENT,
            "only root may",
            Check(
                "engine",
                State.MISSING,
                str(SILENT),
                "install Docker 23.0 or later, or set DOCKER_HOST to one (only root may)",
            ),
        ),
        (
            InputError("there is no Docker context 'x'"),
            "",
            Check(
                "engine",
                State.MISSING,
                "there is no Docker context 'x'",
                "unset DOCKER_CONTEXT, or `docker context use default`",
            ),
        ),
    ],
)
def test_an_engine_is_judged_by_its_answer(
    answer: Engine | Silence | InputError, obstacle: str, expected: Check
) -> None:
    assert checks.engine_answers(answer, obstacle=obstacle) == expected


def test_a_chosen_engine_that_is_silent_is_not_replaced() -> None:
    silent = Silence(Endpoint("tcp://192.0.2.1:2376", named_by="DOCKER_HOST"), "Connection refused")

    assert checks.engine_answers(silent, obstacle="").remedy == "start it, or clear DOCKER_HOST"


def test_an_engine_that_this_user_may_not_use_is_not_replaced() -> None:
    denied = Silence(Endpoint("unix:///s"), "Permission denied")

    found = checks.engine_answers(denied, obstacle="only root may install packages")
    assert found.remedy == "become root or join the group `docker`"


def test_an_engine_that_is_silent_for_another_reason_has_another_remedy() -> None:
    silent = Silence(Endpoint("ssh://farm", named_by="DOCKER_HOST"), "no `docker` there", "install Docker there")

    assert checks.engine_answers(silent, obstacle="").remedy == "install Docker there, or clear DOCKER_HOST"


@pytest.mark.parametrize(
    ("stdout", "state"),
    [("Name: x\nStatus:           running\n", State.OK), ("Status: stopped\n", State.MISSING), ("", State.MISSING)],
)
def test_buildkit_runs_or_not(stdout: str, state: State) -> None:
    assert checks.buildkit(ran(stdout)).state is state


def test_emulation_is_told_for_each_arch_that_is_not_native() -> None:
    found = checks.emulation(frozenset({"amd64", "i386"}), frozenset({"s390x"}), remedy=REMEDY)

    states = {check.name: (check.state, check.remedy) for check in found}
    assert states["native"] == (State.OK, "")
    assert states["emulation s390x"] == (State.OK, "")
    assert states["emulation riscv64"] == (State.OPTIONAL, REMEDY)
    assert not {"emulation amd64", "emulation i386", "emulation windows-amd64"} & set(states)


@pytest.mark.parametrize(
    ("program", "comes_by_itself", "expected"),
    [(True, False, State.OK), (False, True, State.OPTIONAL), (False, False, State.MISSING)],
)
def test_the_registry_needs_its_program_or_docker(
    tmp_path: Path, program: bool, comes_by_itself: bool, expected: State
) -> None:
    if program:
        (tmp_path / "docker-registry").touch(mode=0o755)

    check = checks.registry(path=str(tmp_path), comes_by_itself=comes_by_itself, install="apt-get install")

    assert check.state is expected


@pytest.mark.parametrize(("gib", "state"), [(0, State.OK), (10**9, State.MISSING)])
def test_space_is_measured_where_the_folder_will_be(tmp_path: Path, gib: int, state: State) -> None:
    folder = tmp_path / "not" / "there" / "yet"

    check = checks.space("space", folder, gib=gib)

    assert check.state is state
    assert check.found.endswith(f"GiB free in {folder}")


def test_every_check_that_is_not_ok_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps([]))
    found = [
        checks.python((3, 9)),
        checks.program(("git", "--version"), None, oldest=(2, 0), remedy=REMEDY),
        checks.docker_config({"DOCKER_CONFIG": str(tmp_path)}),
        checks.engine_answers(SILENT, obstacle=""),
        checks.buildkit(ran("")),
        checks.registry(path="", comes_by_itself=False, install="install"),
        checks.space("space", tmp_path, gib=10**9),
        checks.packages("only root may"),
    ]

    assert [check.name for check in found if check.state is State.OK or not check.remedy] == []
