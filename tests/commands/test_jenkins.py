import json
from pathlib import Path

from orchestrator.commands.jenkins import command
from orchestrator.errors import ExitCode, InputError
from tests.commands.image import CONFIG, image, run

JENKINS = "git_url: https://git.example/tool.git\njenkins: {agents: {s390x: mainframe}}\n"
FILES = [
    "jenkins/build.Jenkinsfile",
    "jenkins/jobs/amd64.yaml",
    "jenkins/jobs/s390x.yaml",
    "jenkins/jobs/shared.yaml",
    "jenkins/settings.json",
    "jenkins/trigger.Jenkinsfile",
    "jenkins/verb.Jenkinsfile",
]


def tool(root: Path) -> Path:
    return image(root, config=CONFIG + JENKINS)


def change(root: Path, old: str, new: str) -> None:
    """Edit the image's orchestrator.yaml."""
    file = root / "orchestrator.yaml"
    file.write_text(file.read_text().replace(old, new))


def test_the_files_are_written_and_named_once(tmp_path: Path) -> None:
    first, second = run(command, tool(tmp_path)), run(command, tmp_path)

    assert (first.return_value, first.stdout.splitlines()) == (ExitCode.DONE, FILES)
    assert (second.return_value, second.stdout) == (ExitCode.DONE, "")
    assert [path for path in FILES if not (tmp_path / path).is_file()] == []


def test_a_label_that_changes_is_drift_in_one_file(tmp_path: Path) -> None:
    run(command, tool(tmp_path))
    change(tmp_path, "mainframe", "z16")

    result = run(command, tmp_path, "--check")

    assert (result.return_value, result.stdout.splitlines()[0]) == (ExitCode.FILES_DIFFER, "jenkins/settings.json")
    changed = [line for line in result.stdout.splitlines() if line.startswith(("+ ", "- "))]
    assert changed == ['-      "agent": "mainframe",', '+      "agent": "z16",']
    assert result.stderr == "these files are stale; `orchestrator jenkins` writes them anew\n"


def test_an_architecture_more_is_one_entry(tmp_path: Path) -> None:
    run(command, tool(tmp_path))
    change(tmp_path, "slim: [amd64]", "slim: [amd64, riscv64]")

    result = run(command, tmp_path)

    assert result.stdout.splitlines() == ["jenkins/jobs/riscv64.yaml", "jenkins/settings.json"]


def test_the_jobs_of_an_architecture_that_is_gone_are_left_over(tmp_path: Path) -> None:
    run(command, tool(tmp_path))
    change(tmp_path, "debian: [amd64, s390x]", "debian: [amd64]")
    change(tmp_path, 'exclude:\n  - {arch: s390x, version: "<2", reason: "too old for it", until: 2027-01-31}\n', "")
    notes = tmp_path / "jenkins" / "jobs" / "own.yaml"
    notes.write_text("# written by hand\n")

    checked, written = run(command, tmp_path, "--check"), run(command, tmp_path)

    assert checked.return_value is ExitCode.FILES_DIFFER
    assert written.stdout.splitlines() == ["jenkins/settings.json", "jenkins/jobs/s390x.yaml (left over)"]
    assert sorted(path.name for path in notes.parent.iterdir()) == ["amd64.yaml", "own.yaml", "shared.yaml"]


def test_a_dry_run_names_the_files_and_writes_none(tmp_path: Path) -> None:
    result = run(command, tool(tmp_path), "--dry-run", "--format", "json")

    assert json.loads(result.stdout) == {"schema": 1, "exit_code": 0, "changed": FILES, "left_over": [], "diff": ""}
    assert not (tmp_path / "jenkins").exists()


def test_a_template_of_the_image_replaces_ours(tmp_path: Path) -> None:
    own = tool(tmp_path) / "templates" / "jenkins"
    own.mkdir()
    (own / "verb.Jenkinsfile.j2").write_text("node { sh('true') }\n")

    run(command, tmp_path)

    assert (tmp_path / "jenkins" / "verb.Jenkinsfile").read_text().splitlines()[1:] == ["node { sh('true') }"]


def test_without_a_word_about_jenkins_there_is_nothing_to_write(tmp_path: Path) -> None:
    result = run(command, image(tmp_path))

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("orchestrator.yaml: there is no `jenkins`; ")


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator jenkins --check" in run(command, tmp_path, "--help").output
