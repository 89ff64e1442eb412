import pytest

from benchmarks.measuring import Measured
from benchmarks.results import Results, Row, document, markdown

MACHINE = "2 processors (Example), Python 3.11.7"
ALONE = Row("plan of 300 builds", Measured(0.812, 75_300_000), shows_memory=True)
COMPARED = Row("nothing to do", Measured(0.5, 60_000_000), "0 processes of Docker", Measured(12.0, 1), "`bake`")


def test_the_table_has_a_line_for_each_row_and_names_the_machine() -> None:
    assert markdown(Results(MACHINE, (ALONE, COMPARED))).splitlines() == [
        "| what | orchestrator | compared with | |",
        "|---|---|---|---|",
        "| plan of 300 builds | 0.81 s, 75.3 MB |  |  |",
        "| nothing to do | 0.50 s, 0 processes of Docker | `bake`: 12.0 s | 24 times as fast |",
        "",
        f"Measured by `make bench` on {MACHINE}.",
    ]


@pytest.mark.parametrize(
    ("ours", "other", "expected"),
    [
        (1.0, 20.0, "20 times as fast"),
        (1.0, 2.5, "2.5 times as fast"),
        (1.0, 1.25, "0.80 times as long"),
        (61.0, 60.0, "1.02 times as long"),
        (6.0, 1.0, "6.00 times as long"),
    ],
)
def test_a_comparison_says_who_is_slower(ours: float, other: float, expected: str) -> None:
    row = Row("what", Measured(ours, 1), "", Measured(other, 1), "`bake`")

    assert markdown(Results(MACHINE, (row,))).splitlines()[2].endswith(f"| {expected} |")


def test_the_document_has_every_number() -> None:
    assert document(Results(MACHINE, (ALONE, COMPARED))) == {
        "schema": 1,
        "machine": MACHINE,
        "rows": [
            {
                "what": "plan of 300 builds",
                "orchestrator": {"seconds": 0.812, "peak_bytes": 75_300_000},
                "note": "",
                "compared_with": None,
                "other": None,
                "ratio": None,
            },
            {
                "what": "nothing to do",
                "orchestrator": {"seconds": 0.5, "peak_bytes": 60_000_000},
                "note": "0 processes of Docker",
                "compared_with": "`bake`",
                "other": {"seconds": 12.0, "peak_bytes": 1},
                "ratio": 0.5 / 12.0,
            },
        ],
    }
