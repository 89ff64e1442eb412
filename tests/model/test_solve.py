from dataclasses import replace
from functools import reduce

import pytest

from orchestrator.model.solve import Output, Progress, Vertex, events, explanation, title

RUN = Vertex("sha256:1", "[stage-1 2/3] RUN make", is_started=False, is_completed=False, is_cached=False, error="")
COPY = replace(RUN, digest="sha256:2", name="[linux/s390x stage-1 3/3] COPY a b")
LOAD = replace(RUN, digest="sha256:3", name="[internal] load build definition from Dockerfile")


def after(*vertexes: Vertex) -> Progress:
    return reduce(Progress.after, vertexes, Progress())


def test_a_document_has_vertexes_then_what_they_printed() -> None:
    document = {
        "vertexes": [
            {"digest": "sha256:1", "name": "[stage-1 2/3] RUN make"},
            {"digest": "sha256:2", "started": "2026-01-01T00:00:00Z", "completed": "2026-01-01T00:00:01Z"},
            {"digest": "sha256:3", "started": "2026-01-01T00:00:00Z", "cached": True, "error": "broken"},
        ],
        "statuses": [{"id": "transferring", "vertex": "sha256:1"}],
        "logs": [{"vertex": "sha256:1", "stream": 1, "data": "w7wK"}, {"vertex": "sha256:2", "data": None}],
        "warnings": [],
    }

    assert list(events(document)) == [
        RUN,
        Vertex("sha256:2", "", is_started=True, is_completed=True, is_cached=False, error=""),
        Vertex("sha256:3", "", is_started=True, is_completed=False, is_cached=True, error="broken"),
        Output("sha256:1", b"\xc3\xbc\n"),
        Output("sha256:2", b""),
    ]


@pytest.mark.parametrize("document", [{}, {"vertexes": None, "logs": None}])
def test_a_document_may_say_nothing(document: dict[str, None]) -> None:
    assert list(events(document)) == []


def test_what_moved_last_is_what_started_and_has_not_ended() -> None:
    started = after(LOAD, replace(LOAD, is_started=True), RUN, replace(RUN, is_started=True))

    ended = started.after(replace(RUN, is_started=True, is_completed=True))

    assert [progress.current for progress in (after(RUN), started, ended)] == ["", RUN.name, RUN.name]


def test_steps_are_the_instructions_of_the_dockerfile() -> None:
    progress = after(
        replace(LOAD, is_started=True, is_completed=True),
        RUN,
        replace(RUN, is_started=True, is_completed=True),
        replace(COPY, is_cached=True),
    )

    assert (progress.steps, progress.cached) == ((1, 2), 1)


def test_what_ran_is_not_cached_when_it_is_asked_for_again() -> None:
    ran = replace(RUN, is_started=True, is_completed=True)

    progress = after(ran, replace(RUN, is_started=True, is_cached=True), replace(ran, is_cached=True))

    assert (progress.steps, progress.cached) == ((1, 1), 0)


def test_a_value_is_never_changed() -> None:
    before = after(RUN)

    before.after(COPY)

    assert before == after(RUN)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((), None),
        (("", ""), None),
        (("context canceled",), None),
        (('failed to do request: Head "http://a": context canceled: context canceled', "exit code: 7"), 1),
        (('process "echo context canceled" did not complete successfully: exit code: 1',), 0),
        (("first", "second"), 0),
    ],
)
def test_what_broke_the_build_is_not_what_was_only_cancelled(errors: tuple[str, ...], expected: int | None) -> None:
    vertexes = [replace(RUN, digest=f"sha256:{number}", error=error) for number, error in enumerate(errors)]

    assert after(*vertexes).failed == (None if expected is None else vertexes[expected])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("[stage-1 2/3] RUN make", "2/3 RUN make"),
        ("[2/3] RUN make", "2/3 RUN make"),
        ("[linux/s390x build 12/13] RUN  make &&\n\tmake [1/2] all ", "12/13 RUN make && make [1/2] all"),
        ("[internal] load metadata for a/b:1", "[internal] load metadata for a/b:1"),
        ("exporting to oci image format", "exporting to oci image format"),
        ("", ""),
    ],
)
def test_a_title_fits_on_one_line(name: str, expected: str) -> None:
    assert title(name) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            r'process "/bin/sh -c set -e\necho \"process\"\nexit 7\n" did not complete successfully: exit code: 7',
            "2/3 RUN make: exit code: 7",
        ),
        ("no space left on device", "2/3 RUN make: no space left on device"),
    ],
)
def test_an_explanation_leaves_out_the_script(error: str, expected: str) -> None:
    assert explanation(replace(RUN, error=error)) == expected


def test_an_explanation_shows_of_a_long_instruction_no_more_than_its_beginning() -> None:
    long = replace(RUN, name="[2/3] RUN " + "make && " * 100, error="exit code: 7")

    assert explanation(long) == "2/3 RUN " + "make && " * 11 + "mak…: exit code: 7"
