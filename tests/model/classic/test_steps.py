"""What the classic builder of Docker 26.1 said in real builds, and what is made of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.model.classic.steps import Steps
from orchestrator.model.solve import Output, Progress, Vertex

Message = Mapping[str, Any]


def stream(*texts: str) -> tuple[Message, ...]:
    return tuple({"stream": text} for text in texts)


def followed(*messages: Message) -> tuple[Steps, list[Vertex | Output]]:
    steps = Steps()
    return steps, [event for message in messages for event in steps.events(message)]


def vertex(number: int, name: str, *, done: bool = False, error: str = "") -> Vertex:
    return Vertex(f"step {number}", name, is_started=True, is_completed=done, is_cached=False, error=error)


BUILT = (
    *stream("Step 1/3 : FROM registry.example/base@sha256:db", "\n", " ---> db2d177f5c23\n"),
    *stream("Step 2/3 : RUN echo hello; echo", "\n", " ---> Running in 2495274175b0\n", "hello\n", "\n"),
    *stream(" ---> Removed intermediate container 2495274175b0\n", " ---> f989201056d7\n"),
    *stream('Step 3/3 : CMD ["sh"]', "\n", " ---> Running in 6b71c4cf9ecb\n"),
    *stream(" ---> Removed intermediate container 6b71c4cf9ecb\n", " ---> 6128cb2a544d\n"),
    {"aux": {"ID": "sha256:6128cb2a544d"}},
    *stream("Successfully built 6128cb2a544d\n", "Successfully tagged orchestrator-classic:1\n"),
)


def test_a_build_is_its_steps_and_what_they_print() -> None:
    steps, events = followed(*BUILT)

    names = ("[1/3] FROM registry.example/base@sha256:db", "[2/3] RUN echo hello; echo", '[3/3] CMD ["sh"]')
    assert events == [
        vertex(1, names[0]),
        vertex(1, names[0], done=True),
        vertex(2, names[1]),
        Output("step 2", b"hello\n"),
        Output("step 2", b"\n"),
        vertex(2, names[1], done=True),
        vertex(3, names[2]),
        vertex(3, names[2], done=True),
    ]
    assert steps.result == "sha256:6128cb2a544d"
    assert steps.images == ["db2d177f5c23", "f989201056d7", "6128cb2a544d"]


def test_the_result_is_that_of_the_last_stage() -> None:
    steps, _ = followed(
        {"aux": {"ID": "sha256:one"}}, *stream("Step 4/5 : FROM one", "\n"), {"aux": {"ID": "sha256:2"}}
    )

    assert steps.result == "sha256:2"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "The command '/bin/sh -c echo hi; exit 7' returned a non-zero code: 7",
            'process "/bin/sh -c echo hi; exit 7" did not complete successfully: exit code: 7',
        ),
        (
            "The command 'powershell -Command one\ntwo' returned a non-zero code: 3221225477",
            'process "powershell -Command one\ntwo" did not complete successfully: exit code: 3221225477',
        ),
        ("COPY failed: file not found in build context", "COPY failed: file not found in build context"),
    ],
)
def test_a_step_that_fails_is_told_in_the_words_of_buildkit(said: str, expected: str) -> None:
    steps, events = followed(
        *stream("Step 2/4 : RUN x", "\n"), {"errorDetail": {"code": 7, "message": said}, "error": said}
    )

    assert events[-1] == vertex(2, "[2/4] RUN x", done=True, error=expected)
    assert (steps.number, steps.result) == (2, "")


def test_a_build_that_fails_before_its_first_step_has_failed() -> None:
    _, events = followed({"error": "operating system is not supported"})

    progress = Progress()
    for event in events:
        progress = progress.after(event) if isinstance(event, Vertex) else progress
    assert progress.failed is not None
    assert progress.failed.error == "operating system is not supported"
    assert progress.steps == (0, 0)


@pytest.mark.parametrize(
    "message",
    [
        {"status": "Downloading", "progress": "[==>   ]", "id": "tool.tar"},
        {"stream": ""},
        {},
    ],
)
def test_what_only_shows_that_the_builder_lives_is_no_event(message: Message) -> None:
    assert followed(message)[1] == []


def test_what_a_program_prints_in_pieces_stays_in_its_pieces() -> None:
    _, events = followed(*stream("Step 1/1 : RUN x", "\n", "one\ntw", "o\nStep 2/2 : no step\n"))

    assert events[1:] == [Output("step 1", b"one\ntw"), Output("step 1", b"o\nStep 2/2 : no step\n")]
