from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.model.config import read
from orchestrator.model.config.jenkins import Credentials, JenkinsConfig

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "jenkins.md"


def jenkins_of(text: str) -> JenkinsConfig | None:
    return read(f"image: x\njenkins: {text}\n", name="f").jenkins


def test_there_are_no_jobs_unless_they_are_asked_for() -> None:
    assert read("image: x\n", name="f").jenkins is None
    assert jenkins_of("{}") == JenkinsConfig()


def test_a_full_entry_is_read() -> None:
    found = jenkins_of(
        "{folder: images/python, builds_at_once: 4, builds_kept: 20, wheelhouse: /srv/wheels,"
        ' agents: {default: "docker && {arch}", control: "!slow || any", riscv64: board},'
        ' windows_releases: {"10.0.26100": ltsc2025},'
        " credentials: {git: g, read: r, arch: 'a-{arch}', shared: s},"
        ' schedules: {trigger: "H/30 * * * 1-5", readme: "@daily", status: ""},'
        " time_limits: {build: 90m, publish: 30s}}"
    )

    assert found == JenkinsConfig(
        folder="images/python",
        builds_at_once=4,
        builds_kept=20,
        wheelhouse="/srv/wheels",
        agents={"default": "docker && {arch}", "control": "!slow || any", "riscv64": "board"},
        windows_releases={"10.0.26100": "ltsc2025"},
        credentials=Credentials(git="g", read="r", arch="a-{arch}", shared="s"),
        schedules={"trigger": "H/30 * * * 1-5", "readme": "@daily", "status": ""},
        time_limits={"build": "90m", "publish": "30s"},
    )


def test_the_example_of_the_documentation_is_read_and_has_every_key() -> None:
    _, _, rest = DOCUMENTATION.read_text(encoding="utf-8").partition("```yaml\n")
    example, _, _ = rest.partition("```")

    found = read(f"image: python\n{example}", name="f").jenkins

    assert found is not None
    assert set(JenkinsConfig.model_fields) - found.model_fields_set == set()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{folder: /python}", "jenkins/folder: '/python' is not a folder of jobs; write it like images/python"),
        ("{agents: {arm64: x}}", "jenkins/agents/arm64: 'arm64' is none of default, control, amd64, "),
        ("{agents: {amd64: docker amd64}}", "jenkins/agents/amd64: 'docker amd64' is not a label of agents; "),
        ("{agents: {amd64: '{host}'}}", "jenkins/agents/amd64: '{host}' is not a label of agents; "),
        (
            "{credentials: {shared: 'a-{arch}'}}",
            "jenkins/credentials/shared: 'a-{arch}' is not the id of credentials; ",
        ),
        ("{credentials: {password: x}}", "jenkins/credentials/password: unknown key; "),
        ("{schedules: {trigger: hourly}}", "jenkins/schedules/trigger: 'hourly' is not a schedule; "),
        ("{schedules: {trigger: 5 * * *}}", "jenkins/schedules/trigger: '5 * * *' is not a schedule; "),
        ("{schedules: {library: ''}}", "jenkins/schedules/library: 'library' is none of trigger, build, arch-tags, "),
        ("{time_limits: {build: long}}", "jenkins/time_limits/build: 'long' is not a span of time; "),
        (
            "{windows_releases: {ltsc2025: x}}",
            "jenkins/windows_releases/ltsc2025: 'ltsc2025' is not a release of Windows; ",
        ),
        ("{wheelhouse: wheels}", "jenkins/wheelhouse: 'wheels' is not a folder on the agents; "),
        ("{builds_at_once: 0}", "jenkins/builds_at_once: "),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        jenkins_of(text)

    assert str(caught.value).startswith(f"f:2: {problem}")
