import pytest

from orchestrator.model.durations import seconds, spelled


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("0.5s", 0.5), ("20m", 1_200), ("3h", 10_800), ("1.5h", 5_400)]
)
def test_a_span_has_a_number_and_a_unit(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0", "0m", "-1s", "3d", "m", "1m30s", "1 h", "٣h", "9" * 400])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span of time; write it like 90s, 20m or 3h"):
        seconds(text)


@pytest.mark.parametrize(
    ("span", "expected"), [(0.5, "0.5 s"), (90, "90 s"), (1_200, "20 min"), (10_800, "3 h"), (5_400, "90 min")]
)
def test_a_span_is_spelled_in_its_largest_whole_unit(span: float, expected: str) -> None:
    assert spelled(span) == expected
