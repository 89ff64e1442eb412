"""What became of builds and their smoke tests as JUnit XML, which Jenkins and other CI systems show as test results."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import Outcome, Result, TestResult

BUILD = "build"
"""The test case of the build itself; the others have the names of smoke tests."""
UNTESTED = "smoke tests"

_NOT_TRIED = (Result.BLOCKED, Result.NOT_RUN)
# What XML 1.0 cannot hold, not even escaped (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def junit(outcomes: Iterable[Outcome], *, name: str) -> str:
    """A document with a suite for each build: the build itself as a test case, then its smoke tests.

    `name` is the whole document's. What failed for its own reasons is a failure, what failed for others, such as a
    lost builder, an error, and what was not tried is skipped. Jenkins lists cases by `classname`, whose words before
    the last dot it takes for a package: that is the arch.
    """
    root = ElementTree.Element("testsuites", name=_text(name))
    root.extend(_suite(outcome) for outcome in outcomes)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(outcome: Outcome) -> ElementTree.Element:
    cases = [_build_case(outcome), *(_test_case(outcome, test) for test in outcome.tests)]
    if outcome.untested:
        cases.append(_case(outcome, UNTESTED, seconds=0, verdict="skipped", message=outcome.untested))
    counts = {
        "tests": str(len(cases)),
        "failures": str(_count(cases, "failure")),
        "errors": str(_count(cases, "error")),
        "skipped": str(_count(cases, "skipped")),
        "time": f"{outcome.seconds:.3f}",
    }
    suite = ElementTree.Element("testsuite", {"name": outcome.target, **counts})
    suite.extend(cases)
    return suite


def _count(cases: Iterable[ElementTree.Element], verdict: str) -> int:
    return sum(case.find(verdict) is not None for case in cases)


def _build_case(outcome: Outcome) -> ElementTree.Element:
    """An image that was made and failed its smoke tests was built."""
    seconds = max(0.0, outcome.seconds - sum(test.seconds for test in outcome.tests))
    verdict = _verdict(outcome)
    if not verdict:
        return _case(outcome, BUILD, seconds=seconds)
    message = outcome.detail or str(outcome.result)
    builder = f"built on: {outcome.builder}" if outcome.builder else ""
    where = filter(None, (outcome.place, builder))
    text = "\n".join((*where, *outcome.tail))
    return _case(outcome, BUILD, seconds=seconds, verdict=verdict, message=message, text=text)


def _verdict(outcome: Outcome) -> str:
    if outcome.result in _NOT_TRIED:
        return "skipped"
    if outcome.code in (ExitCode.DONE, ExitCode.TEST_FAILED):
        return ""
    return "failure" if outcome.code is ExitCode.BUILD_FAILED else "error"


def _test_case(outcome: Outcome, test: TestResult) -> ElementTree.Element:
    verdict = "failure" if test.problem else ""
    return _case(outcome, test.name, seconds=test.seconds, verdict=verdict, message=test.problem)


def _case(
    outcome: Outcome, name: str, *, seconds: float, verdict: str = "", message: str = "", text: str = ""
) -> ElementTree.Element:
    classname = f"{outcome.arch}.{outcome.target.partition('@')[0].replace('.', '_')}"
    case = ElementTree.Element("testcase", classname=classname, name=_text(name), time=f"{seconds:.3f}")
    if verdict:
        ElementTree.SubElement(case, verdict, message=_text(message)).text = _text(text) or None
    return case


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
