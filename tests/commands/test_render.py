import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.render import command
from orchestrator.errors import ExitCode, InputError
from orchestrator.render.dockerfile import GENERATED
from orchestrator.tools.process import SystemRunner
from tests.templates.shipped import ROOT

VERSIONS: dict[str, Any] = {
    "1.0": {"version": "1.0.7", "variants": ["trixie", "slim-trixie"]},
    "2.0": {"version": "2.0.1", "variants": ["slim-trixie"]},
}
CONFIG = "image: tool\nbases: {debian: 'debian:{release}', slim: 'debian:{release}-slim'}\n"
TEMPLATE = "FROM {{ base }}\nENV TOOL_VERSION={{ version }}\n"


def _image(root: Path, versions: dict[str, Any] = VERSIONS) -> Path:
    (root / "templates" / "dockerfile").mkdir(parents=True, exist_ok=True)
    (root / "versions.json").write_text(json.dumps(versions))
    (root / "orchestrator.yaml").write_text(CONFIG)
    for group in ("debian", "slim"):
        (root / "templates" / "dockerfile" / f"{group}.j2").write_text(TEMPLATE)
    return root


def _run(root: Path, *arguments: str) -> Result:
    invocation = Invocation(
        root=root,
        state=root / "state",
        environment={},
        overrides={},
        runner=SystemRunner({}),
        now=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        interactive=False,
        machine="x86_64",
    )
    return CliRunner().invoke(command, arguments, obj=invocation, standalone_mode=False)


def test_rendering_writes_all_and_names_what_changed(tmp_path: Path) -> None:
    root = _image(tmp_path)

    result = _run(root)

    assert (result.return_value, result.stdout) == (
        ExitCode.DONE,
        "dockerfiles/1.0/slim-trixie/Dockerfile\n"
        "dockerfiles/1.0/trixie/Dockerfile\n"
        "dockerfiles/2.0/slim-trixie/Dockerfile\n",
    )
    assert (root / "dockerfiles/2.0/slim-trixie/Dockerfile").read_text() == (
        f"{GENERATED} from versions.json, orchestrator.yaml and templates/dockerfile/slim.j2; do not edit.\n\n"
        "FROM debian:trixie-slim\nENV TOOL_VERSION=2.0.1\n"
    )


def test_rendering_again_changes_nothing(tmp_path: Path) -> None:
    root = _image(tmp_path)
    _run(root)

    again, check = _run(root), _run(root, "--check")

    assert (again.return_value, again.output) == (ExitCode.DONE, "")
    assert (check.return_value, check.output) == (ExitCode.DONE, "")


def test_a_check_names_stale_files_shows_the_diff_and_writes_nothing(tmp_path: Path) -> None:
    root = _image(tmp_path)
    _run(root)
    stale = root / "dockerfiles/2.0/slim-trixie/Dockerfile"
    stale.write_text(stale.read_text().replace("2.0.1", "2.0.0"))

    result = _run(root, "--check")

    assert result.return_value == ExitCode.FILES_DIFFER
    assert result.stdout == (
        "dockerfiles/2.0/slim-trixie/Dockerfile\n"
        "--- a/dockerfiles/2.0/slim-trixie/Dockerfile\n"
        "+++ b/dockerfiles/2.0/slim-trixie/Dockerfile\n"
        "@@ -1,4 +1,4 @@\n"
        f" {GENERATED} from versions.json, orchestrator.yaml and templates/dockerfile/slim.j2; do not edit.\n"
        " \n"
        " FROM debian:trixie-slim\n"
        "-ENV TOOL_VERSION=2.0.0\n"
        "+ENV TOOL_VERSION=2.0.1\n"
    )
    assert result.stderr == "these files are stale; `orchestrator render` writes them anew\n"
    assert "2.0.0" in stale.read_text()


def test_dockerfiles_of_a_line_that_is_gone_are_deleted_and_other_files_are_not(tmp_path: Path) -> None:
    root = _image(tmp_path)
    _run(root)
    by_hand = root / "dockerfiles/1.0/by-hand/Dockerfile"
    by_hand.parent.mkdir()
    by_hand.write_text("FROM debian\n")
    _image(root, {"2.0": VERSIONS["2.0"]})

    check = _run(root, "--check", "--format", "json")
    result = _run(root)

    document = json.loads(check.stdout)
    gone = ["dockerfiles/1.0/slim-trixie/Dockerfile", "dockerfiles/1.0/trixie/Dockerfile"]
    assert (document["changed"], document["left_over"], document["exit_code"]) == ([], gone, 4)
    assert (result.return_value, result.stdout) == (ExitCode.DONE, "".join(f"{path} (left over)\n" for path in gone))
    assert sorted(str(path.relative_to(root)) for path in root.glob("dockerfiles/*/*/*")) == [
        "dockerfiles/1.0/by-hand/Dockerfile",
        "dockerfiles/2.0/slim-trixie/Dockerfile",
    ]


def test_dockerfiles_can_stand_beside_their_inputs(tmp_path: Path) -> None:
    root = _image(tmp_path, {"2.0": VERSIONS["2.0"]})
    (root / "orchestrator.yaml").write_text(f"{CONFIG}dockerfiles: .\n")
    _run(root)
    example = root / "examples/2.0/slim-trixie/Dockerfile"
    example.parent.mkdir(parents=True)
    shutil.copy(root / "2.0/slim-trixie/Dockerfile", example)

    result = _run(root, "--check")

    assert (result.return_value, result.output) == (ExitCode.DONE, "")


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    root = _image(tmp_path, {"2.0": VERSIONS["2.0"]})

    result = _run(root, "--dry-run")

    assert (result.return_value, result.stdout) == (ExitCode.DONE, "dockerfiles/2.0/slim-trixie/Dockerfile\n")
    assert not (root / "dockerfiles").exists()


def test_one_wrong_template_keeps_everything_as_it_was(tmp_path: Path) -> None:
    root = _image(tmp_path)
    (root / "templates/dockerfile/slim.j2").write_text("FROM {{ base }}\nENV A={{ nothing }}\n")

    result = _run(root)

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == (
        "templates/dockerfile/slim.j2:2: 'nothing' is undefined (2.0/slim-trixie and 1 more)"
    )
    assert not (root / "dockerfiles").exists()


def test_the_dockerfiles_of_this_repository_are_up_to_date() -> None:
    result = _run(ROOT, "--check")

    assert (result.return_value, result.output) == (ExitCode.DONE, "")


def test_equal_inputs_give_equal_files(tmp_path: Path) -> None:
    for name in ("versions.json", "orchestrator.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "templates" / "dockerfile", tmp_path / "templates" / "dockerfile")

    _run(tmp_path)

    assert {path.relative_to(tmp_path): path.read_text() for path in tmp_path.glob("dockerfiles/**/Dockerfile")} == {
        path.relative_to(ROOT): path.read_text() for path in ROOT.glob("dockerfiles/**/Dockerfile")
    }


def test_the_help_has_an_example() -> None:
    assert "Example: orchestrator render --check" in CliRunner().invoke(command, ["--help"]).output
