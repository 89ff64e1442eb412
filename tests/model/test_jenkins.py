from dataclasses import replace

import pytest

from orchestrator.cli import VERBS
from orchestrator.errors import InputError
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.config import Config, read
from orchestrator.model.config.jenkins import JenkinsConfig
from orchestrator.model.jenkins import Job, agent_of, jobs
from orchestrator.model.jenkins_kinds import OF_ARCH, SHARED, Kind
from orchestrator.model.plan import Build
from tests.samples import BASE, build

GIT = "git_url: https://git.example/tool.git\n"


def config(jenkins: str, *, registry: str = "registry.example") -> Config:
    return read(f"image: tool\nregistry: {registry}\n{GIT}jenkins: {jenkins}\n", name="f")


def job(text: str, path: str) -> Job:
    return next(each for each in jobs(config(text), ["s390x"]).all if each.path == path)


def windows_build(*os_versions: str) -> Build:
    bases = (ResolvedBase(BASE, "windows-amd64", BASE, f"sha256:{version}", version) for version in os_versions)
    return replace(build("2.0/windows/windowsservercore-ltsc2025@windows-amd64"), bases=tuple(bases))


def test_each_arch_has_its_jobs_and_the_image_has_its_own() -> None:
    found = jobs(config("{}"), ["s390x", "amd64", "s390x"])

    assert (found.folder, found.git_url, found.branch, found.registry) == (
        "tool",
        "https://git.example/tool.git",
        "refs/heads/master",
        "registry.example",
    )
    assert [each.path for each in found.all] == [
        *("publish", "readme", "report", "status", "update"),
        *("amd64/trigger", "amd64/build", "amd64/arch-tags"),
        *("s390x/trigger", "s390x/build", "s390x/arch-tags"),
    ]


def test_a_job_says_where_it_runs_what_it_runs_and_for_how_long() -> None:
    found = job("{credentials: {arch: 'registry-{arch}'}, agents: {s390x: mainframe}}", "s390x/build")

    assert found == Job(
        path="s390x/build",
        kind=OF_ARCH[1],
        about="Builds one target on s390x, tests it, and moves its tags in the repositories of s390x.",
        agent="mainframe",
        credentials="registry-s390x",
        command='.venv/bin/orchestrator build "$TARGET" --push --timeout 10800s',
        minutes=2 * 180 + 1 + 30,
        schedule="",
    )


@pytest.mark.parametrize(
    ("path", "agent"), [("s390x/build", "docker-s390x"), ("s390x/trigger", "docker"), ("publish", "docker")]
)
def test_what_is_not_said_of_agents_follows_from_the_arch(path: str, agent: str) -> None:
    assert job("{}", path).agent == agent


def test_a_job_gets_no_other_credentials_than_its_own() -> None:
    found = jobs(config("{credentials: {git: g, read: r, arch: 'a-{arch}', shared: s}}"), ["s390x"])

    assert {each.path: each.credentials for each in found.all} == {
        "publish": "s",
        "readme": "r",
        "report": "r",
        "status": "r",
        "update": "r",
        "s390x/trigger": "r",
        "s390x/build": "a-s390x",
        "s390x/arch-tags": "a-s390x",
    }


def test_schedules_and_time_limits_may_be_others() -> None:
    found = job("{schedules: {trigger: ''}, time_limits: {trigger: 10m}}", "s390x/trigger")

    assert (found.schedule, found.minutes) == ("", 2 * 10 + 1 + 30)


def test_the_queue_is_asked_for_as_many_builds_as_are_handed_over_at_once() -> None:
    command = job("{builds_at_once: 3}", "s390x/trigger").command

    assert command == ".venv/bin/orchestrator queue --arch s390x --limit 3 --format json > out/queue.json"


@pytest.mark.parametrize("kind", [*OF_ARCH, *SHARED], ids=lambda kind: kind.name)
def test_every_job_runs_a_verb_that_there_is(kind: Kind) -> None:
    assert kind.words.partition(" ")[0] in VERBS


def test_all_that_is_missing_is_named_at_once() -> None:
    nothing = read("image: tool\n", name="f")
    unfit = nothing.model_copy(update={"jenkins": config("{credentials: {read: r}}").jenkins})

    with pytest.raises(InputError, match=r"there is no `jenkins`; `jenkins: \{\}` is enough"):
        jobs(nothing, ["amd64"])
    with pytest.raises(InputError) as caught:
        jobs(unfit, ["amd64"])
    assert caught.value.problems == (
        "orchestrator.yaml: git_url: Jenkins checks the image out from there; name the repository",
        "orchestrator.yaml: jenkins/credentials: each agent has a registry `local` of its own; name one for all",
    )


@pytest.mark.parametrize(
    ("os_versions", "agents", "expected"),
    [
        (("10.0.26100.4061",), {}, "docker-windows-amd64 && windows-2025"),
        (("10.0.20348.3807",), {"windows-amd64": "a || b"}, "(a || b) && windows-2022"),
        (("",), {}, "docker-windows-amd64"),
    ],
)
def test_windows_is_built_on_the_release_of_its_base(
    os_versions: tuple[str, ...], agents: dict[str, str], expected: str
) -> None:
    assert agent_of(windows_build(*os_versions), JenkinsConfig(agents=agents)) == expected


def test_linux_needs_no_release() -> None:
    assert agent_of(build("2.0/trixie@s390x"), JenkinsConfig()) == "docker-s390x"


def test_a_release_of_windows_without_agents_is_an_error_that_says_what_to_add() -> None:
    with pytest.raises(InputError) as caught:
        agent_of(windows_build("10.0.30000.1"), JenkinsConfig())

    assert str(caught.value) == (
        f"orchestrator.yaml: jenkins/windows_releases: no agents run 10.0.30000, the release of {BASE.short} that "
        "2.0/windowsservercore-ltsc2025@windows-amd64 stands on; add the label of those that do: "
        '"10.0.30000": windows-...'
    )
