import json
from dataclasses import replace

from orchestrator.errors import ExitCode
from orchestrator.model.oci import digest_of
from orchestrator.model.publishing.journal import Entry
from orchestrator.model.references import Repository
from orchestrator.render.history import history_document, history_text, runs_document, runs_text
from tests.samples import journal

REPOSITORY = Repository("docker.io", "library/tool")
ONE, TWO, THREE = digest_of(b"1"), digest_of(b"2"), digest_of(b"3")
BUILDS = (("2.0/trixie@amd64", "0123456789abcdef"), ("2.0/trixie@s390x", "fedcba9876543210"))
FIRST = journal("20260131T120000Z-0123abcd").with_entries(
    [Entry(REPOSITORY.tagged(tag), "", ONE, is_done=True, builds=BUILDS) for tag in ("2.0", "latest")]
)
KILLED = replace(
    journal("20260201T120000Z-89abcdef", by="host"),
    entries=(
        Entry(REPOSITORY.tagged("2.0"), ONE, TWO, is_done=False),
        replace(FIRST.entries[1], before=ONE, after=TWO),
    ),
)
RUNS = (KILLED, FIRST)
TAG = REPOSITORY.tagged("2.0")


def test_runs_are_listed_with_how_far_they_came() -> None:
    assert runs_text(RUNS) == (
        "RUN                        VERB     BEGAN                BY     VERSION  TAGS\n"
        "20260201T120000Z-89abcdef  publish  2026-01-31 12:00:00  host   1.0      1 of 2\n"
        "20260131T120000Z-0123abcd  publish  2026-01-31 12:00:00  job 7  1.0      2\n"
    )
    assert runs_text(()) == "no run has moved a tag yet\n"


def test_the_document_of_runs_has_their_journals() -> None:
    assert runs_document(RUNS, ExitCode.CONTRACT_BROKEN) == {
        "schema": 1,
        "exit_code": 22,
        "runs": [json.loads(KILLED.content), json.loads(FIRST.content)],
    }


def test_the_history_of_a_tag_says_what_it_named_since_when_from_which_builds() -> None:
    assert history_text(RUNS, TAG, TWO) == (
        f"tool:2.0 names {TWO}\n"
        "SINCE                DIGEST               RUN                        VERB                BY     BUILDS\n"
        f"2026-01-31 12:00:00  {TWO[:19]}  20260201T120000Z-89abcdef  publish (intended)  host   -\n"
        f"2026-01-31 12:00:00  {ONE[:19]}  20260131T120000Z-0123abcd  publish             job 7  "
        "2.0/trixie@amd64 0123456789ab, 2.0/trixie@s390x fedcba987654\n"
    )


def test_what_no_known_run_put_there_is_said() -> None:
    assert history_text(RUNS, TAG, THREE).splitlines()[:2] == [
        f"tool:2.0 names {THREE}",
        "that was not put there by the last run that is known",
    ]
    assert history_text(RUNS, TAG, None).splitlines()[0] == "tool:2.0 names what nobody can say"
    assert history_text(RUNS, TAG, None).splitlines()[1:] == history_text(RUNS, TAG, TWO).splitlines()[1:]
    assert history_text(RUNS, REPOSITORY.tagged("3"), "") == "tool:3 names nothing\nno run that is known moved it\n"


def test_the_document_of_a_tag_has_every_move() -> None:
    document = history_document(RUNS, TAG, TWO, ExitCode.DONE)

    assert {**document, "history": [entry["run"] for entry in document["history"]]} == {
        "schema": 1,
        "exit_code": 0,
        "tag": "docker.io/library/tool:2.0",
        "now": TWO,
        "history": [KILLED.run, FIRST.run],
    }
    assert document["history"][1] == {
        "since": "2026-01-31T12:00:00+00:00",
        "digest": ONE,
        "before": None,
        "run": FIRST.run,
        "verb": "publish",
        "by": "job 7",
        "result": "moved",
        "builds": dict(BUILDS),
    }
