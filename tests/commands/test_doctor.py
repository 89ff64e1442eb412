"""How `doctor` prints what it found."""

from orchestrator.commands.doctor import lines
from orchestrator.tools.checks import Check, State


def test_a_remedy_stands_below_what_it_mends() -> None:
    found = [
        Check("git", State.OK, "2.39.5"),
        Check("engine", State.MISSING, "none answers", "orchestrator engine up"),
        Check("builder windows-amd64", State.OPTIONAL, "does not answer", "mend that"),
    ]

    assert list(lines(found)) == [
        "ok        git                    2.39.5",
        "missing   engine                 none answers",
        "                                 -> orchestrator engine up",
        "optional  builder windows-amd64  does not answer",
        "                                 -> mend that",
    ]
