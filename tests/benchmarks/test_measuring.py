import pytest

from benchmarks.measuring import BenchmarkError, Measured, by_turns, middle


def test_the_middle_of_runs_is_that_of_each_number() -> None:
    runs = [Measured(3.0, 10), Measured(1.0, 30), Measured(2.0, 20)]

    assert middle(runs) == Measured(2.0, 20)


def test_runs_take_turns() -> None:
    seen: list[str] = []

    def run(name: str, seconds: float) -> Measured:
        seen.append(name)
        return Measured(seconds, 1)

    assert by_turns(2, lambda: run("one", 1.0), lambda: run("other", 2.0)) == [Measured(1.0, 1), Measured(2.0, 1)]
    assert seen == ["one", "other", "one", "other"]


def test_a_run_that_fails_is_begun_anew_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = iter([BenchmarkError("the engine gave up"), None])

    def run() -> Measured:
        if error := next(outcomes):
            raise error
        return Measured(1.0, 1)

    assert by_turns(1, run) == [Measured(1.0, 1)]
    assert capsys.readouterr().err == "bench: once more, since the engine gave up\n"


def test_a_run_that_keeps_failing_ends_it() -> None:
    def run() -> Measured:
        raise BenchmarkError("gone")

    with pytest.raises(BenchmarkError, match="gone"):
        by_turns(1, run)
