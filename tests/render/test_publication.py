import json

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.publishing.journal import Entry
from orchestrator.model.publishing.rollback import Restored, Result
from orchestrator.model.publishing.run import PublishRun
from orchestrator.render.publication import (
    publish_document,
    publish_text,
    rollback_document,
    rollback_text,
)
from tests.render.moved_tags import MOVES, NEW, OLD, REPOSITORY
from tests.samples import journal

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
