"""What CI systems show as test results: each build, and each smoke test of its image."""

from xml.etree import ElementTree

import pytest

from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello

pytestmark = pytest.mark.e2e

SLIM = "2.0/slim-trixie@amd64"
LAST_LINE = 'CMD ["hello"]'


def verdicts(family: Hello) -> dict[str, list[str]]:
    """The cases of the only suite with what is said against them."""
    [suite] = ElementTree.parse(family.root / "out" / "junit.xml").getroot()
    assert suite.get("name") == SLIM
    return {case.get("name", ""): [each.tag for each in case] for case in suite}


def test_a_run_leaves_its_results_whatever_became_of_it(hello: NewHello) -> None:
    family: Hello = hello(variants=("slim-trixie",))
    family.edit(LAST_LINE, "RUN false")
    family.run("build", SLIM, check=False)
    failed = verdicts(family)

    family.edit("RUN false", LAST_LINE)
    family.run("build", SLIM)
    built = verdicts(family)
    family.run("build", SLIM)
    again = verdicts(family)

    assert (failed, built, again) == (
        {"build": ["failure"]},
        {"build": [], "version and machine": []},
        {"build": []},
    )
