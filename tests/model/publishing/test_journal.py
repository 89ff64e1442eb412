import datetime as dt
import json
from dataclasses import replace

import pytest

from orchestrator.model.oci import OCI_MANIFEST, digest_of
from orchestrator.model.publishing.journal import EMPTY, JOURNAL, Entry, is_run, read, run_id
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.publication import Publication, Staged
from orchestrator.model.references import Repository
from tests.samples import journal, target

REPOSITORY = Repository("registry.example", "library/tool")
ONE, TWO, THREE = digest_of(b"1"), digest_of(b"2"), digest_of(b"3")
AMD64 = target("2.0/trixie@amd64")
STAGED = Staged(AMD64, Repository("registry.example", "staging/staging-amd64"), (), "abc")
PUBLICATION = Publication(REPOSITORY.tagged("2.0"), (AMD64,), (STAGED,), (), frozenset())
ENTRY = Entry(REPOSITORY.tagged("2.0"), ONE, TWO, is_done=False, builds=(("2.0/trixie@amd64", "abc"),))
JOURNALS = journal()


def test_what_is_about_to_move_is_noted_and_then_what_moved() -> None:
    before = JOURNALS.noting([Moved(PUBLICATION, Move.WOULD_MOVE, ONE, TWO)])
    after = before.noting([Moved(PUBLICATION, Move.MOVED, ONE, TWO)])

    assert before.entries == (ENTRY,)
    assert after.entries == (replace(ENTRY, is_done=True),)


def test_a_tag_that_moves_again_keeps_what_it_named_before_the_run() -> None:
    twice = JOURNALS.with_entries([ENTRY]).noting([Moved(PUBLICATION, Move.MOVED, TWO, THREE)])

    assert twice.entries == (replace(ENTRY, after=THREE, is_done=True),)


def test_a_journal_comes_back_from_its_json_wherever_its_registry_is_by_then() -> None:
    written = JOURNALS.with_entries([ENTRY, Entry(REPOSITORY.tagged("2"), "", TWO, is_done=True)])

    assert read(written.content, registry="registry.example") == written
    assert {entry.tag.registry for entry in read(written.content, registry="127.0.0.1:5001").entries} == {
        "127.0.0.1:5001"
    }


def test_the_json_says_what_who_and_when() -> None:
    assert json.loads(JOURNALS.with_entries([ENTRY]).content) == {
        "schema": 1,
        "run": "20260131T120000Z-0123abcd",
        "verb": "publish",
        "began": "2026-01-31T12:00:00+00:00",
        "by": "job 7",
        "tool": "1.0",
        "tags": [
            {
                "repository": "library/tool",
                "tag": "2.0",
                "before": ONE,
                "after": TWO,
                "result": "intended",
                "builds": {"2.0/trixie@amd64": "abc"},
            }
        ],
    }


def test_a_registry_keeps_it_as_an_artifact_with_one_layer() -> None:
    artifact = JOURNALS.artifact
    (layer,) = artifact.layers

    assert (artifact.media_type, json.loads(artifact.content)["artifactType"]) == (OCI_MANIFEST, JOURNAL)
    assert artifact.config is not None
    assert artifact.config.digest == digest_of(EMPTY)
    assert (layer.media_type, layer.digest, layer.size) == (
        JOURNAL,
        digest_of(JOURNALS.content),
        len(JOURNALS.content),
    )
    assert dict(layer.annotations) == {"org.opencontainers.image.title": "20260131T120000Z-0123abcd.json"}


DOCUMENT = JOURNALS.with_entries([ENTRY]).document()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({**DOCUMENT, "schema": 2}, "^/schema: expected 1, got 2$"),
        ({key: value for key, value in DOCUMENT.items() if key != "by"}, "^/by: is missing$"),
        (
            {**DOCUMENT, "tags": [{**DOCUMENT["tags"][0], "result": "lost"}]},
            "^/tags/0/result: expected `moved` or `intended`, got 'lost'$",
        ),
        ({**DOCUMENT, "began": "yesterday"}, "yesterday"),
        ([], "^expected a mapping, got a list$"),
    ],
)
def test_what_is_no_journal_is_refused_with_its_place(document: object, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        read(json.dumps(document).encode(), registry="registry.example")


def test_runs_stand_in_the_order_of_time_by_their_names() -> None:
    times = [dt.datetime(2026, 1, 31, 12, 0, second, tzinfo=dt.UTC) for second in (9, 10)]

    names = [run_id(time, salt=salt) for time, salt in zip(times, ("ffffffff", "00000000"), strict=True)]

    assert names == ["20260131T120009Z-ffffffff", "20260131T120010Z-00000000"] == sorted(names)
    assert all(map(is_run, names))


@pytest.mark.parametrize(
    "word", ["", "latest", "20260131T120009Z", "20260131T120009Z-xyz", "x20260131T120009Z-ffffffff"]
)
def test_other_tags_are_no_runs(word: str) -> None:
    assert not is_run(word)
