from orchestrator.errors import ExitCode
from orchestrator.model.update.outcome import LineUpdate
from orchestrator.render.update import update_table

OLD = {"version": "2.0.1", "variants": ["trixie"]}
NEW = {"version": "2.0.2", "variants": ["trixie"]}


def test_the_table_has_a_row_for_each_line() -> None:
    updates = [
        LineUpdate("3.0-rc", OLD, NEW),
        LineUpdate("2.0", OLD, OLD),
        LineUpdate("1.0", OLD, OLD, problems=("away",), code=ExitCode.UNAVAILABLE),
    ]

    assert update_table(updates) == (
        "LINE    RELEASE         WHAT\n"
        "3.0-rc  2.0.1 -> 2.0.2  Update 3.0-rc to 2.0.2\n"
        "2.0     2.0.1           up to date\n"
        "1.0     2.0.1           could not be looked up\n"
    )
