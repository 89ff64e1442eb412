from dataclasses import replace
from xml.etree import ElementTree

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model import outcomes
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.render.junit import junit

BUILT = Outcome(
    "3.14/slim-trixie@amd64",
    "amd64",
    "0123",
    Result.BUILT,
    seconds=100.5,
    tests=(outcomes.TestResult("version", "", 0.25), outcomes.TestResult("ssl", "", 0.5)),
)


def test_a_build_is_a_suite_with_itself_and_its_smoke_tests_as_cases() -> None:
    assert junit([BUILT], name="python") == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites name="python">\n'
        '  <testsuite name="3.14/slim-trixie@amd64" tests="3" failures="0" errors="0" skipped="0" time="100.500">\n'
        '    <testcase classname="amd64.3_14/slim-trixie" name="build" time="99.750" />\n'
        '    <testcase classname="amd64.3_14/slim-trixie" name="version" time="0.250" />\n'
        '    <testcase classname="amd64.3_14/slim-trixie" name="ssl" time="0.500" />\n'
        "  </testsuite>\n"
        "</testsuites>\n"
    )


@pytest.mark.parametrize(
    ("result", "code", "verdict"),
    [
        (Result.BUILT, ExitCode.DONE, ""),
        (Result.UP_TO_DATE, ExitCode.DONE, ""),
        (Result.FAILED, ExitCode.BUILD_FAILED, "failure"),
        (Result.FAILED, ExitCode.UNAVAILABLE, "error"),
        (Result.FAILED, ExitCode.CONTRACT_BROKEN, "error"),
        (Result.INTERRUPTED, ExitCode.INTERRUPTED, "error"),
        (Result.BLOCKED, ExitCode.INCOMPLETE, "skipped"),
        (Result.NOT_RUN, ExitCode.INCOMPLETE, "skipped"),
    ],
)
def test_what_became_of_the_build_itself_is_its_verdict(result: Result, code: ExitCode, verdict: str) -> None:
    outcome = replace(BUILT, result=result, code=code, tests=())

    (case,) = ElementTree.fromstring(junit([outcome], name="python")).iter("testcase")

    assert [(each.tag, each.get("message")) for each in case] == ([(verdict, str(result))] if verdict else [])


def test_an_image_that_fails_a_smoke_test_was_built() -> None:
    tests = (outcomes.TestResult("version", "", 0.25), outcomes.TestResult("ssl", "exit status 1, expected 0: no", 0.5))
    failed = replace(BUILT, result=Result.FAILED, code=ExitCode.TEST_FAILED, detail="smoke test ssl: no", tests=tests)

    root = ElementTree.fromstring(junit([failed], name="python"))

    assert {case.get("name"): [each.attrib for each in case] for case in root.iter("testcase")} == {
        "build": [],
        "version": [],
        "ssl": [{"message": "exit status 1, expected 0: no"}],
    }


def test_a_failure_has_its_reason_its_place_its_builder_and_the_end_of_its_log() -> None:
    failed = replace(
        BUILT,
        result=Result.FAILED,
        code=ExitCode.BUILD_FAILED,
        detail="2/2 RUN make: exit code: 2",
        place="dockerfiles/2.0/trixie/Dockerfile:7",
        tests=(),
        builder=outcomes.BuiltOn("s390x", "tcp://10.0.0.5:1234"),
        tail=("a", "b"),
    )

    (failure,) = ElementTree.fromstring(junit([failed], name="python")).iter("failure")

    assert (failure.get("message"), failure.text) == (
        "2/2 RUN make: exit code: 2",
        "dockerfiles/2.0/trixie/Dockerfile:7\nbuilt on: s390x at tcp://10.0.0.5:1234\na\nb",
    )


def test_smoke_tests_that_nothing_could_run_are_skipped_with_the_reason() -> None:
    untested = replace(BUILT, tests=(), untested="no engine answers")

    suite = ElementTree.fromstring(junit([untested], name="python"))[0]

    assert (suite.get("tests"), suite.get("skipped")) == ("2", "1")
    assert [(case.get("name"), case[0].get("message")) for case in suite if len(case)] == [
        ("smoke tests", "no engine answers")
    ]


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    failed = replace(BUILT, result=Result.FAILED, code=ExitCode.BUILD_FAILED, detail="a\x1b\x00\ud800b", tests=())

    (failure,) = ElementTree.fromstring(junit([failed], name="python")).iter("failure")

    assert failure.get("message") == "a\ufffd\ufffd\ufffdb"
