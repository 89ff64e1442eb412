import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from structlog.testing import capture_logs

from orchestrator.commands.readme import command
from orchestrator.errors import ExitCode, InputError
from orchestrator.render.readme import GENERATED
from tests.commands import image
from tests.commands.image import COMMIT, committed, rendered_image

CONFIG = """\
image: tool
git_url: https://github.com/example/tool.git
maintainers: ["One (@one)"]
registry: registry.example
public_name: tool
bases: {debian: "debian:{release}", slim: "debian:{release}-slim"}
aliases: {"2.0": ["2", "latest"]}
architectures: {debian: [amd64, s390x], slim: [amd64]}
readme:
  description: A tool.
  drop: [{section: use}]
"""
LIBRARY = f"""\
Maintainers: One (@one)
GitRepo: https://github.com/example/other.git
GitCommit: {COMMIT}

Tags: 9.0-trixie
SharedTags: 9.0
Architectures: amd64, arm64v8
"""
FOLDERS = ("dockerfiles/2.0/trixie", "dockerfiles/2.0/slim-trixie", "dockerfiles/1.0/trixie")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An image with a text of its own, whose other texts are ours."""
    (tmp_path / "templates" / "readme").mkdir(parents=True)
    (tmp_path / "templates" / "readme" / "about.j2").write_text("# Our own words on {{ image }}:{{ tag }}\n")
    (tmp_path / "library").write_text(LIBRARY)
    return rendered_image(tmp_path, FOLDERS, config=CONFIG)


def run(root: Path, *arguments: str) -> Result:
    return image.run(command, root, *arguments, runner=committed(FOLDERS))


def document(root: Path, *arguments: str) -> Any:
    return json.loads(run(root, *arguments, "--format", "json").stdout)


def test_the_readme_has_the_tags_of_the_image_at_their_commits_and_its_own_texts(root: Path) -> None:
    result = run(root)

    assert result.return_value == ExitCode.DONE
    assert result.stdout.startswith(f"{GENERATED} ")
    page = f"https://github.com/example/tool/blob/{COMMIT}/dockerfiles"
    assert f"-\t[`1.0.7-trixie`, `1.0-trixie`]({page}/1.0/trixie/Dockerfile)\n" in result.stdout
    assert "# Our own words on tool:2\n" in result.stdout
    assert "\n# Image Variants\n" in result.stdout


@pytest.mark.parametrize("name", ["amd64", "native"])
def test_the_readme_of_an_arch_is_about_its_own_repository(root: Path, name: str) -> None:
    (readme,) = document(root, "--arch", name)["readmes"]

    assert (readme["path"], readme["arch"], readme["image"]) == (
        "amd64/README.md",
        "amd64",
        "registry.example/amd64/tool",
    )
    assert "**Note:** this repository holds the `amd64` builds" in readme["text"]
    assert "# Our own words on registry.example/amd64/tool:2\n" in readme["text"]


def test_json_has_what_a_program_needs_to_send_it(root: Path) -> None:
    found = document(root, "--library", str(root / "library"))

    text = found["readmes"][0].pop("text")
    assert found == {
        "schema": 1,
        "exit_code": 0,
        "readmes": [
            {
                "path": "README.md",
                "arch": None,
                "image": "tool",
                "description": "A tool.",
                "bytes": len(text.encode()),
                "left_out": [],
            }
        ],
        "changed": [],
        "left_over": [],
        "diff": "",
    }


def test_a_library_file_stands_for_the_tags_of_the_image(root: Path) -> None:
    text = run(root, "--library", str(root / "library")).stdout

    assert f"-\t[`9.0-trixie`](https://github.com/example/other/blob/{COMMIT}/Dockerfile)\n" in text
    assert "`2.0" not in text


def test_all_are_written_and_only_what_changed_is_written_again(root: Path) -> None:
    out = root / "out"
    first = run(root, "--all", "-o", str(out)).stdout.splitlines()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("README.md")}
    (out / "s390x" / "README.md").write_text(f"{GENERATED} of yesterday -->")
    (out / "i386").mkdir()
    (out / "i386" / "README.md").write_text(f"{GENERATED} of an arch that is gone -->")
    (out / "notes").mkdir()
    (out / "notes" / "README.md").write_text(f"{GENERATED} is a word in somebody's text")

    again = run(root, "--all", "-o", str(out)).stdout.splitlines()

    assert first == [f"{out}/{name}" for name in ("README.md", "amd64/README.md", "s390x/README.md")]
    assert again == [f"{out}/s390x/README.md", f"{out}/i386/README.md (left over)"]
    after = {path: path.stat().st_mtime_ns for path in out.rglob("README.md")}
    untouched = [str(path.relative_to(out)) for path in before if after[path] == before[path]]
    assert sorted(untouched) == ["README.md", "amd64/README.md"]
    assert sorted(str(path.relative_to(out)) for path in after) == [
        "README.md",
        "amd64/README.md",
        "notes/README.md",
        "s390x/README.md",
    ]


def test_one_that_is_written_leaves_those_of_others_alone(root: Path) -> None:
    run(root, "--all", "-o", str(root / "out"))
    (root / "out" / "amd64" / "README.md").write_text(f"{GENERATED} of yesterday -->")

    result = run(root, "--arch", "s390x", "-o", str(root / "out"))

    assert result.stdout == ""
    assert (root / "out" / "amd64" / "README.md").read_text() == f"{GENERATED} of yesterday -->"


def test_checking_shows_what_differs_and_writes_nothing(root: Path) -> None:
    run(root, "--all", "-o", str(root / "out"))
    path = root / "out" / "README.md"
    text = path.read_text()
    path.write_text(text.replace("Our own words", "Other words"))

    result = run(root, "--all", "-o", str(root / "out"), "--check")

    assert result.return_value == ExitCode.FILES_DIFFER
    assert result.stdout.startswith(f"{path}\n--- a{path}\n+++ b{path}\n")
    assert "\n-# Other words on tool:2\n+# Our own words on tool:2\n" in result.stdout
    assert path.read_text() != text
    path.write_text(text)
    assert (run(root, "--all", "-o", str(root / "out"), "--check").return_value, path.read_text()) == (
        ExitCode.DONE,
        text,
    )


def test_a_dry_run_names_what_would_be_written(root: Path) -> None:
    result = run(root, "-o", str(root / "out"), "--dry-run")

    assert (result.return_value, result.stdout) == (ExitCode.DONE, f"{root / 'out' / 'README.md'}\n")
    assert not (root / "out").exists()


def test_a_readme_of_somebody_else_is_not_overwritten(root: Path) -> None:
    (root / "README.md").write_text("# By hand\n")

    result = run(root, "-o", str(root))

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == f"{root}/README.md: is not one of ours; move it away, or name another folder"
    assert (root / "README.md").read_text() == "# By hand\n"


def test_what_found_no_room_is_said(root: Path) -> None:
    size = len(run(root).stdout.encode())
    (root / "orchestrator.yaml").write_text(f"{CONFIG}  max_bytes: {size - 1}\n")

    with capture_logs() as logs:
        found = document(root)

    assert found["readmes"][0]["left_out"] == [{"section": "use"}]
    assert [(each["event"], each["path"], each["left_out"]) for each in logs] == [
        ("README is shortened", "README.md", "use")
    ]


def test_a_pattern_of_tags_that_are_gone_is_said(root: Path) -> None:
    (root / "orchestrator.yaml").write_text(CONFIG.replace("{section: use}", '{tags: ["1.*", "*-bookworm"]}'))

    with capture_logs() as logs:
        run(root)

    assert logs == [
        {"event": "no tag is like a pattern of readme.drop", "pattern": "*-bookworm", "log_level": "warning"}
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--all",), "--all: needs the folder of READMEs; name it by --output DIR"),
        (("--check",), "--check: needs the folder of READMEs; name it by --output DIR"),
        (("--dry-run",), "--dry-run: needs the folder of READMEs; name it by --output DIR"),
        (("--all", "--arch", "amd64", "-o", "x"), "--all, --arch: give one of them"),
        (("--arch", "aarch64"), "--arch: 'aarch64' is not an arch; did you mean `arm64v8`?"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_read(root: Path, arguments: tuple[str, ...], problem: str) -> None:
    (root / "orchestrator.yaml").unlink()

    result = run(root, *arguments)

    assert isinstance(result.exception, InputError)
    assert result.exception.problems == (problem,)


def test_a_template_of_the_image_that_is_wrong_is_named(root: Path) -> None:
    (root / "templates" / "readme" / "about.j2").write_text("\n{{ tags }}")

    result = run(root)

    assert isinstance(result.exception, InputError)
    assert result.exception.problems == ("templates/readme/about.j2:2: 'tags' is undefined",)
