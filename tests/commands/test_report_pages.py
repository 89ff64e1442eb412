"""Tests of reports as pages."""

from pathlib import Path, PurePosixPath

import pytest

from orchestrator.commands.report_pages import Written, write
from orchestrator.errors import InputError
from orchestrator.model.oci import OCI_INDEX, Descriptor, digest_of
from orchestrator.model.references import Reference
from orchestrator.model.report import Report

ONE, TWO = Reference.parse("tool:1.0"), Reference.parse("tool:2.0")
PAGE_ONE, PAGE_TWO = PurePosixPath("tool/remote/1.0.md"), PurePosixPath("tool/remote/2.0.md")
CONTENTS = PurePosixPath("tool/tag-details.md")


def report(name: Reference, content: bytes = b"one") -> Report:
    return Report(name, name.repository, Descriptor(OCI_INDEX, digest_of(content), 7))


def written(root: Path, *reports: Report, failed: tuple[Reference, ...] = (), dry_run: bool = False) -> Written:
    return write(root, reports, failed=failed, is_all=True, dry_run=dry_run)


def files(root: Path) -> set[PurePosixPath]:
    return {PurePosixPath(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    root = tmp_path / "reports"

    runs = [
        written(root, report(ONE), report(TWO)),
        written(root, report(ONE), report(TWO)),
        written(root, report(ONE), report(TWO, b"two")),
    ]

    assert runs == [Written([PAGE_ONE, PAGE_TWO, CONTENTS], []), Written([], []), Written([PAGE_TWO, CONTENTS], [])]


def test_pages_of_tags_that_are_gone_go_and_other_files_stay(tmp_path: Path) -> None:
    written(tmp_path, report(ONE), report(TWO))
    (tmp_path / "tool/remote/mine.md").write_text("# mine\n")

    found = written(tmp_path, report(ONE))

    assert found == Written([CONTENTS], [PAGE_TWO])
    assert files(tmp_path) == {PAGE_ONE, CONTENTS, PurePosixPath("tool/remote/mine.md")}


def test_a_tag_whose_report_failed_keeps_its_page_and_the_contents(tmp_path: Path) -> None:
    written(tmp_path, report(ONE), report(TWO))

    found = written(tmp_path, report(ONE, b"new"), failed=(TWO,))

    assert found == Written([PAGE_ONE], [])
    assert files(tmp_path) == {PAGE_ONE, PAGE_TWO, CONTENTS}


def test_pages_of_some_tags_leave_the_others_and_the_contents(tmp_path: Path) -> None:
    written(tmp_path, report(ONE), report(TWO))

    found = write(tmp_path, [report(ONE, b"new")], failed=(), is_all=False, dry_run=False)

    assert found == Written([PAGE_ONE], [])
    assert files(tmp_path) == {PAGE_ONE, PAGE_TWO, CONTENTS}


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    written(tmp_path, report(ONE))

    found = written(tmp_path, report(TWO), dry_run=True)

    assert found == Written([PAGE_TWO, CONTENTS], [PAGE_ONE])
    assert files(tmp_path) == {PAGE_ONE, CONTENTS}


def test_what_is_no_tag_has_no_page(tmp_path: Path) -> None:
    digest = ONE.pinned(digest_of(b"x"))

    with pytest.raises(InputError, match=r"-o: tool@sha256:.* is no tag that could name a page"):
        written(tmp_path, report(digest))
    assert files(tmp_path) == set()
