import json
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.oci import OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.plan import Unknown
from orchestrator.model.publishing.index import Member
from orchestrator.model.publishing.journal import Entry
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.publication import Publication, Staged
from orchestrator.model.publishing.rollback import Restored, Result
from orchestrator.model.publishing.run import PublishRun
from orchestrator.model.references import Repository
from orchestrator.model.targets import Target
from orchestrator.render.publication import (
    moves_document,
    moves_text,
    publish_document,
    publish_text,
    rollback_document,
    rollback_text,
)
from tests.samples import journal, target

OLD, NEW = digest_of(b"old"), digest_of(b"new")
REPOSITORY = Repository("docker.io", "library/tool")
LINUX, WINDOWS = target("2.0/trixie@amd64"), target("2.0/windows/servercore-1@windows-amd64")
RISCV64 = target("2.0/trixie@riscv64")


def moved(tag: str, move: Move, *targets: Target, missing: tuple[Target, ...] = (), **more: object) -> Moved:
    staged = tuple(Staged(each, REPOSITORY, (member(each),)) for each in targets)
    publication = Publication(REPOSITORY.tagged(tag), (*targets, *missing), staged, missing, frozenset({"riscv64"}))
    return replace(Moved(publication, move), **more)  # type: ignore[arg-type] # the fields of Moved, as each test needs


def member(of: Target) -> Member:
    version = "10.0.26100.4061" if of.platform.os == "windows" else ""
    return Member(of.arch, Descriptor(OCI_MANIFEST, NEW, 7, platform=of.platform, os_version=version))


MOVES = (
    moved("2.0.1", Move.MOVED, LINUX, WINDOWS, after=NEW),
    moved("2.0.1-trixie", Move.MOVED, LINUX, WINDOWS, after=NEW),
    moved("2.0", Move.MOVED, LINUX, WINDOWS, before=OLD, after=NEW, warnings=("goes back from 2.0.2 to 2.0.1",)),
    moved("2.0-slim", Move.UNCHANGED, LINUX, before=OLD, after=OLD),
    moved("2", Move.WOULD_MOVE, LINUX, missing=(RISCV64,), before=OLD, after=NEW, kept=(member(WINDOWS),)),
    moved("latest", Move.HELD, missing=(LINUX,), code=ExitCode.INCOMPLETE, detail="not staged: 2.0/trixie@amd64"),
    moved("3", Move.FAILED, LINUX, code=ExitCode.UNAVAILABLE, detail="no answer\ntwice"),
)


def test_tags_with_the_same_fate_stand_together_and_unchanged_ones_are_counted() -> None:
    assert moves_text(MOVES) == (
        "REPOSITORY  RESULT      FROM                 TO                   PLATFORMS            TAGS\n"
        f"tool        moved       (new)                {NEW[:19]}  2                    2.0.1, 2.0.1-trixie\n"
        f"tool        moved       {OLD[:19]}  {NEW[:19]}  2                    2.0\n"
        f"tool        would move  {OLD[:19]}  {NEW[:19]}  2 (without riscv64)  2\n"
        "tool        held        -                    -                    0                    "
        "latest: not staged: 2.0/trixie@amd64\n"
        "tool        failed      -                    -                    1                    3: no answer; twice\n"
        "warning: 2.0: goes back from 2.0.2 to 2.0.1\n"
        "tags: 1 failed, 1 held, 3 moved, 1 unchanged, 1 would move\n"
    )


@pytest.mark.parametrize(
    ("several", "expected"),
    [((), "tags: none\n"), ((MOVES[3], MOVES[3]), "tags: 2 unchanged\n")],
)
def test_where_nothing_moves_there_is_no_table(several: tuple[Moved, ...], expected: str) -> None:
    assert moves_text(several) == expected


def test_tags_with_the_same_warning_share_a_line() -> None:
    several = [replace(each, warnings=("names the pre-release 2.0rc1",)) for each in MOVES[:2]]

    assert moves_text(several).splitlines()[-2] == "warning: 2.0.1, 2.0.1-trixie: names the pre-release 2.0rc1"


def test_a_tag_in_a_document_has_everything_that_is_known_of_it() -> None:
    unknown = (Unknown(WINDOWS, UnavailableError("503")),)
    held = replace(MOVES[5], publication=replace(MOVES[5].publication, unknown=unknown))

    document = moves_document((MOVES[0], MOVES[4], replace(MOVES[2], before=OLD), held))

    assert document[0] == {
        "tag": "docker.io/library/tool:2.0.1",
        "result": "moved",
        "before": None,
        "after": NEW,
        "platforms": ["linux/amd64", "windows/amd64 10.0.26100.4061"],
        "kept": [],
        "left_out": [],
        "held_by": [],
        "unknown": [],
        "warnings": [],
        "detail": "",
        "exit_code": 0,
    }
    assert [document[1]["kept"], document[1]["left_out"]] == [["windows/amd64 10.0.26100.4061"], ["2.0/trixie@riscv64"]]
    assert document[2]["warnings"] == ["goes back from 2.0.2 to 2.0.1"]
    assert [document[3]["held_by"], document[3]["unknown"]] == [["2.0/trixie@amd64"], [str(WINDOWS)]]


RUN = journal()


@pytest.mark.parametrize(
    ("run", "last_line"),
    [
        (PublishRun(MOVES[3:4], RUN, {"GET": 3}), "tags: 1 unchanged"),
        (
            PublishRun(MOVES[:1], RUN.noting(MOVES[:1]), {"GET": 3, "PUT": 2}),
            f"run: {RUN.run}, taken back by `orchestrator rollback {RUN.run}`",
        ),
        (
            PublishRun(MOVES[4:5], RUN, {"GET": 3, "HEAD": 1}, {"PUT": 5, "POST": 2}),
            "requests: 3 GET, 1 HEAD so far; to move them 2 POST, 5 PUT and their checks",
        ),
    ],
)
def test_a_run_says_last_what_a_person_may_do_next(run: PublishRun, last_line: str) -> None:
    assert publish_text(run).splitlines()[-1] == last_line


def test_the_document_of_a_run_has_its_name_its_requests_and_every_tag() -> None:
    run = PublishRun(MOVES, RUN.noting(MOVES[:1]), {"PUT": 2, "GET": 3})

    document = publish_document(run)

    assert json.loads(json.dumps(document)) == document
    assert {**document, "tags": len(document["tags"])} == {
        "schema": 1,
        "exit_code": 13,
        "run": RUN.run,
        "requests": {"sent": {"GET": 3, "PUT": 2}, "planned": {}},
        "tags": 7,
    }


@pytest.mark.parametrize("run", [PublishRun((), RUN, {}), PublishRun(MOVES[4:5], RUN, {}, {"PUT": 1})])
def test_a_run_that_moved_nothing_has_no_name_to_take_it_back_by(run: PublishRun) -> None:
    assert publish_document(run)["run"] is None


ENTRIES = [Entry(REPOSITORY.tagged(tag), OLD, NEW, is_done=True) for tag in ("2.0", "2", "latest")]
RESTORED = (
    Restored(ENTRIES[0], Result.RESTORED),
    Restored(ENTRIES[1], Result.RESTORED),
    Restored(ENTRIES[2], Result.MOVED_SINCE, ExitCode.TAG_MOVED, "it names another"),
    Restored(Entry(REPOSITORY.tagged("2.0.1"), "", NEW, is_done=True), Result.STAYS, detail="it named nothing before"),
)


def test_what_was_taken_back_is_told_by_fate() -> None:
    assert rollback_text(RESTORED) == (
        "REPOSITORY  RESULT       FROM                 TO                   TAGS\n"
        f"tool        restored     {NEW[:19]}  {OLD[:19]}  2.0, 2\n"
        f"tool        moved since  {NEW[:19]}  {OLD[:19]}  latest: it names another\n"
        f"tool        stays        {NEW[:19]}  -                    2.0.1: it named nothing before\n"
        "tags: 1 moved since, 2 restored, 1 stays\n"
    )
    unchanged = Restored(ENTRIES[0], Result.UNCHANGED)
    assert rollback_text((unchanged, unchanged)) == "tags: 2 unchanged\n"


def test_the_document_of_taking_back_has_every_tag() -> None:
    document = rollback_document(RESTORED, ExitCode.TAG_MOVED)

    assert (document["schema"], document["exit_code"], len(document["tags"])) == (1, 21, 4)
    assert document["tags"][2] == {
        "tag": "docker.io/library/tool:latest",
        "result": "moved since",
        "before": NEW,
        "after": OLD,
        "detail": "it names another",
        "exit_code": 21,
    }
