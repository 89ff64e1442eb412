"""Generated jobs, pipelines and test results before those who judge them: Jenkins Job Builder, Groovy, xmllint."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model import outcomes as results
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.render.junit import junit
from orchestrator.tools.debian.apt import Apt
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import SystemRunner
from tests.commands.image import CONFIG, image
from tests.configured_registry import configured_registry
from tests.golden import expected
from tests.real import orchestrator

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent
REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "jenkins.txt"
PATIENCE_SECONDS = 300

JENKINS = """\
git_url: https://git.example/tool.git
git_fetch: refs/heads/main
jenkins:
  folder: images/tool
  agents: {default: "linux && {arch}", control: small, s390x: mainframe}
  credentials: {git: git-read, read: registry-read, arch: "registry-{arch}", shared: registry-shared}
  schedules: {trigger: H/30 * * * *, readme: ""}
  time_limits: {build: 90m}
  builds_at_once: 2
  wheelhouse: /srv/wheels
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, state: Path) -> Path:
    """An image with its generated jobs."""
    root = image(tmp_path_factory.mktemp("jenkins"), config=CONFIG + JENKINS)
    orchestrator("-C", str(root), "jenkins", state=state)
    return root


@pytest.fixture(scope="module")
def judges(state: Path, runner: SystemRunner) -> Mapping[str, str]:
    """The environment in which `groovy` and `xmllint` run; they are installed where they are missing."""
    packages = {"groovy": "groovy", "xmllint": "libxml2-utils"}
    if missing := [package for program, package in packages.items() if shutil.which(program) is None]:
        asyncio.run(Apt(state, runner).install_tools(missing))
    java = Path(shutil.which("java") or "/usr/bin/java").resolve()
    # Debian's groovy looks for Java where a package puts it that it does not need.
    return {**os.environ, "JAVA_HOME": str(java.parents[1])}


@pytest.fixture(scope="module")
def job_builder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `jenkins-jobs`, in an environment of its own."""
    home = tmp_path_factory.mktemp("job-builder")
    ran(sys.executable, "-m", "venv", str(home))
    pip = (str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    ran(*pip, "--require-hashes", "--requirement", str(REQUIREMENTS))
    return home / "bin" / "jenkins-jobs"


def ran(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """What a program printed; fails the test when the program fails."""
    finished = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    if finished.returncode:
        pytest.fail(f"{' '.join(command)} ended with {finished.returncode}: {finished.stdout}{finished.stderr}")
    return finished.stdout


def facts(xml: Path) -> tuple[str, ...]:
    """What makes a job: its pipeline and where that is, when it starts, what it asks for, whether twice at once."""
    root = ElementTree.parse(xml).getroot()
    if root.tag.endswith(".Folder"):
        return ("folder",)
    found = (root.findtext(f".//{tag}") or "" for tag in ("scriptPath", "url", "credentialsId", "spec", "numToKeep"))
    branch = root.findtext(".//hudson.plugins.git.BranchSpec/name") or ""
    asked = [each.text or "" for each in root.findall(".//hudson.model.StringParameterDefinition/name")]
    once = root.find(".//org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty")
    return (*found, branch, *asked, "several at once" if once is None else "one at a time")


def test_jenkins_job_builder_makes_every_job_of_our_definitions(
    folder: Path, job_builder: Path, tmp_path: Path
) -> None:
    ran(str(job_builder), "test", str(folder / "jenkins" / "jobs"), "--config-xml", "-o", str(tmp_path))

    repository = ("https://git.example/tool.git", "git-read")
    kept = ("50", "refs/heads/main")
    once, several = "one at a time", ("TARGET", "IMAGE_BUILD_ID", "AGENT", "several at once")
    of_arch = {
        "": ("folder",),
        "/trigger": ("jenkins/trigger.Jenkinsfile", *repository, "H/30 * * * *", *kept, once),
        "/build": ("jenkins/build.Jenkinsfile", *repository, "", *kept, *several),
        "/arch-tags": ("jenkins/verb.Jenkinsfile", *repository, "H H * * *", *kept, once),
    }
    assert {str(path.parent.relative_to(tmp_path)): facts(path) for path in tmp_path.rglob("config.xml")} == {
        "images/tool": ("folder",),
        "images/tool/publish": ("jenkins/verb.Jenkinsfile", *repository, "H H/3 * * *", *kept, once),
        "images/tool/readme": ("jenkins/verb.Jenkinsfile", *repository, "", *kept, once),
        "images/tool/report": ("jenkins/verb.Jenkinsfile", *repository, "H H * * *", *kept, once),
        "images/tool/status": ("jenkins/verb.Jenkinsfile", *repository, "H * * * *", *kept, once),
        "images/tool/update": ("jenkins/verb.Jenkinsfile", *repository, "H H/6 * * *", *kept, once),
        **{f"images/tool/amd64{job}": found for job, found in of_arch.items()},
        **{f"images/tool/s390x{job}": found for job, found in of_arch.items()},
    }


JUNIT = {"out/junit.xml": "<testsuites/>"}
BUILD = {"TARGET": "2.0/trixie@s390x", "IMAGE_BUILD_ID": "0123abcd", "AGENT": "mainframe"}


def entry(name: str) -> dict[str, str]:
    return {"target": f"{name}@s390x", "build_id": f"id-of-{name}", "agent": "mainframe"}


def queued(*names: str, blocked: Iterable[str] = (), exit_code: int = 0) -> dict[str, str]:
    """The file that `queue` writes."""
    document = {
        "exit_code": exit_code,
        "summary": f"{len(names)} to build now",
        "queue": [entry(name) for name in names],
        "blocked": list(blocked),
        "left_out": 0,
    }
    return {"out/queue.json": json.dumps(document)}


def case(name: str, pipeline: str, job: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "pipeline": pipeline,
        "env": {"JOB_NAME": f"images/tool/{job}", "BUILD_NUMBER": "7"},
        "params": {},
        "exit_codes": [],
        "results": [],
        "files": {},
        **more,
    }


def build(name: str, *exit_codes: int, **more: Any) -> dict[str, Any]:
    given = {"params": BUILD, "files": JUNIT, **more}
    return case(name, "build", "s390x/build", exit_codes=exit_codes, **given)


def trigger(name: str, *exit_codes: int, **more: Any) -> dict[str, Any]:
    return case(name, "trigger", "s390x/trigger", exit_codes=exit_codes, **more)


def publish(name: str, *exit_codes: int, **more: Any) -> dict[str, Any]:
    return case(name, "verb", "publish", exit_codes=exit_codes, **more)


CASES = {
    "build": [
        build("built", 0),
        build("the build failed", 10),
        build("a smoke test failed", 11),
        build("its parent is missing", 12),
        build("the registry was away once", 13, 0),
        build("the registry stays away", 13, 13),
        build("done, and no results to show", 0, files={}),
        build("aborted", aborted="orchestrator build"),
        build("the login is refused", failing="docker login"),
        build("started by hand", 0, params={"TARGET": "2.0/trixie@s390x", "IMAGE_BUILD_ID": "", "AGENT": ""}),
    ],
    "trigger": [
        trigger("everything is built", 0, files=queued("2.0/trixie", "1.0/trixie"), results=["SUCCESS", "SUCCESS"]),
        trigger(
            "one of two, and another one waited for it",
            0,
            files=queued("2.0/trixie", "1.0/trixie", blocked=["2.0/child"]),
            results=["FAILURE", "SUCCESS"],
        ),
        trigger("all fail", 0, files=queued("2.0/trixie", blocked=["2.0/child"]), results=["FAILURE"]),
        trigger("there is nothing to build", 0, files=queued()),
        trigger("all of it waits", 12, files=queued(exit_code=12)),
        trigger("the registry was away once", 13, 0, files=queued("2.0/trixie"), results=["SUCCESS"]),
        trigger("wrong input", 2, files={"out/queue.json": '{"error": ["orchestrator.yaml:1: no"], "exit_code": 2}'}),
        trigger("aborted", aborted="orchestrator queue"),
    ],
    "verb": [
        publish("published", 0),
        publish("a tag is held", 12),
        publish("a tag would lose a platform", 20),
        publish("the registry was away once", 13, 0),
        publish("aborted", aborted="orchestrator publish"),
        publish("the virtual environment cannot be made", failing="make"),
        case("the tags of an arch", "verb", "s390x/arch-tags", exit_codes=[0]),
    ],
}


def shown(found: Mapping[str, Any]) -> str:
    """A run as its golden file has it."""
    facts = (f"{key}: {found[key]}" for key in ("result", "title", "description") if found[key])
    return "\n".join((f"== {found['name']}", *facts, *found["steps"], ""))


def test_pipelines_do_in_each_case_what_their_golden_files_say(
    folder: Path, judges: Mapping[str, str], tmp_path: Path
) -> None:
    cases = [{**each, "folder": str(folder)} for several in CASES.values() for each in several]
    (tmp_path / "cases.json").write_text(json.dumps(cases))

    said = ran("groovy", str(HERE / "jenkins_steps.groovy"), str(tmp_path / "cases.json"), environment=judges)

    found = iter(json.loads(said))
    for pipeline, several in CASES.items():
        text = "\n".join(shown(next(found)) for _ in several)
        assert text == expected(f"jenkins/{pipeline}.txt", text)
    # A case that foretells more than happens is wrong about what happens.
    assert [each["name"] for each in json.loads(said) if each["left"]] == []


@pytest.mark.parametrize(("password", "is_taken"), [("right $one", True), ("wrong", False)])
async def test_a_pipeline_logs_in_without_showing_the_password(
    folder: Path, engine: Engine, tmp_path: Path, password: str, is_taken: bool
) -> None:
    pipeline = (folder / "jenkins" / "verb.Jenkinsfile").read_text(encoding="utf-8")
    [login] = re.findall(r"sh\('''(.*docker login.*)'''\)", pipeline, re.DOTALL)
    (tmp_path / "htpasswd").write_text(ran("htpasswd", "-nbBC4", "robot", "right $one"))
    auth = {"htpasswd": {"realm": "test", "path": str(tmp_path / "htpasswd")}}
    config = tmp_path / "docker" / "config.json"

    async with configured_registry(tmp_path, auth=auth) as address:
        given = {
            **os.environ,
            **engine.environment,
            "DOCKER_CONFIG": str(config.parent),
            "REGISTRY": address,
            "REGISTRY_USER": "robot",
            "REGISTRY_PASSWORD": password,
        }
        # As Jenkins' step `sh` runs a script.
        shell = ("sh", "-xe", "-c", login)
        finished = await asyncio.to_thread(subprocess.run, shell, env=given, capture_output=True, text=True)

    logged_in = list(json.loads(config.read_text())["auths"]) if config.exists() else []
    assert (finished.returncode == 0, logged_in) == (is_taken, [address] if is_taken else [])
    assert password not in finished.stdout + finished.stderr


def test_results_of_builds_fit_the_schema(judges: Mapping[str, str], tmp_path: Path) -> None:
    tests = (
        results.TestResult("version", "", 0.25),
        results.TestResult("ssl <&>", "printed 'a\x1b[0m', expected 'b'", 1.5),
    )
    outcomes = (
        Outcome("2.0/trixie@amd64", "amd64", "a", Result.BUILT, seconds=12.5, tests=tests[:1]),
        Outcome("2.0/trixie@s390x", "s390x", "b", Result.FAILED, ExitCode.TEST_FAILED, "ssl", seconds=9, tests=tests),
        Outcome("1.0/trixie@amd64", "amd64", "c", Result.FAILED, ExitCode.BUILD_FAILED, "RUN: 7", tail=("]]>", "\x00")),
        Outcome("1.0/trixie@s390x", "s390x", "d", Result.FAILED, ExitCode.UNAVAILABLE, "503"),
        Outcome("1.0/child@s390x", "s390x", "e", Result.BLOCKED, ExitCode.INCOMPLETE, "blocked by 1.0/trixie@s390x"),
        Outcome("3.0/trixie@s390x", "s390x", "f", Result.BUILT, untested="no engine answers"),
    )
    (tmp_path / "junit.xml").write_text(junit(outcomes, name="tool"), encoding="utf-8")
    (tmp_path / "empty.xml").write_text(junit((), name="tool"), encoding="utf-8")

    for name in ("junit.xml", "empty.xml"):
        schema = str(HERE / "junit.xsd")
        ran("xmllint", "--noout", "--schema", schema, str(tmp_path / name), environment=judges)
