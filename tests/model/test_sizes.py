import pytest

from orchestrator.model.sizes import size


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (51_234_567, "51.2 MB"),
        (1_234_000_000, "1.2 GB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_a_size_is_rounded_to_the_unit_that_fits(count: int, expected: str) -> None:
    assert size(count) == expected
