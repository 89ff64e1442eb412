from pathlib import Path, PurePosixPath

import pytest

from orchestrator.commands.generated import Difference, difference, print_difference

A, B, C = PurePosixPath("a"), PurePosixPath("b"), PurePosixPath("c")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a").write_text("as it should be\n")
    (tmp_path / "b").write_text("old\n")
    (tmp_path / "c").write_text("gone\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "in_diff"), [(PurePosixPath("out/x"), "out/x"), (PurePosixPath("/tmp/x"), "tmp/x"), (PurePosixPath(), ".")]
)
def test_what_differs_is_named_as_people_know_the_folder(root: Path, name: PurePosixPath, in_diff: str) -> None:
    found = difference(root, {A: "as it should be\n", B: "new\n"}, [C], name=name, with_diff=True)

    b, c = (str(PurePosixPath(in_diff, path)) for path in "bc")
    assert found == Difference(
        changed=(str(name / "b"),),
        left_over=(str(name / "c"),),
        diff=(f"--- a/{b}\n+++ b/{b}\n@@ -1 +1 @@\n-old\n+new\n--- a/{c}\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n"),
    )


def test_a_diff_is_made_only_where_it_is_asked_for(root: Path) -> None:
    assert difference(root, {B: "new\n"}, [], name=PurePosixPath("x"), with_diff=False) == Difference(changed=("x/b",))


@pytest.mark.parametrize(
    ("found", "differs"),
    [(Difference(), False), (Difference(changed=("a",)), True), (Difference(left_over=("a",)), True)],
)
def test_a_difference_is_true_where_something_differs(found: Difference, *, differs: bool) -> None:
    assert bool(found) is differs


@pytest.mark.parametrize(
    ("found", "stdout", "stderr"),
    [
        (Difference(), "", ""),
        (Difference(("a", "b"), ("c",)), "a\nb\nc (left over)\n", ""),
        (
            Difference(("a",), (), "--- a/a\n"),
            "a\n--- a/a\n",
            "these files are stale; `orchestrator render` writes them anew\n",
        ),
    ],
)
def test_files_are_named_and_how_to_mend_them(
    capsys: pytest.CaptureFixture[str], found: Difference, stdout: str, stderr: str
) -> None:
    print_difference(found, verb="render")

    assert capsys.readouterr() == (stdout, stderr)
