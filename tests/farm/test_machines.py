import pytest

from tests.farm.machines import Kind

WINDOWS = Kind("host-7", ("docker-windows-amd64", "windows-2025"))


@pytest.mark.parametrize(
    ("label", "fits"),
    [
        ("host-7", True),
        ("windows-2025", True),
        ("docker-windows-amd64 && windows-2025", True),
        ("docker-windows-amd64 && windows-2022", False),
        ("docker-amd64", False),
    ],
)
def test_a_machine_is_meant_by_a_label_all_of_whose_words_it_has(label: str, fits: bool) -> None:
    assert WINDOWS.fits(label) is fits
