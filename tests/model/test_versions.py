import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.versions import VersionRange, final_version, is_of_line, line_number, release_order

NUMBERS = st.lists(st.integers(0, 999_999), min_size=1, max_size=4)
BOUNDS = st.tuples(st.sampled_from(["", "<", "<=", ">", ">=", "==", "!="]), NUMBERS).map(
    lambda bound: f"{bound[0]}{'.'.join(map(str, bound[1]))}"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("3.14", (3, 14)), ("3.15-rc", (3, 15)), ("17", (17,)), ("0.9", (0, 9)), ("1.2.3", (1, 2, 3))],
)
def test_a_line_has_a_number(line: str, expected: tuple[int, ...]) -> None:
    assert line_number(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "3.",
        ".3",
        "3..14",
        "03.14",
        "3.014",
        "v3",
        "3.14 ",
        "3.14\n",
        "3.x",
        "-rc",
        "3.15-",
        "3.15-RC",
        "../3.14",
        "/3.14",
        "3.14/..",
        "\u0663.14",
        "3.14-rc-1",
        "1" * 7,
    ],
)
def test_what_is_no_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="is not a line; write it like"):
        line_number(line)


def test_releases_have_an_order() -> None:
    given_releases = ["3.15.0", "3.15.0.1", "3.14.10", "3.15.0rc1", "3.14.6", "3.15.0b3", "3.9.20", "3.15.0a7"]

    assert sorted(given_releases, key=release_order) == [
        *("3.9.20", "3.14.6", "3.14.10"),
        *("3.15.0a7", "3.15.0b3", "3.15.0rc1", "3.15.0", "3.15.0.1"),
    ]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.14.6", "3.14.6"),
        ("3.15.0b3", "3.15.0"),
        ("3.15.0rc1", "3.15.0"),
        ("3.15.0-rc1", "3.15.0"),
        ("3.15.0RC1", "3.15.0"),
    ],
)
def test_the_final_version_is_without_the_mark_of_a_pre_release(version: str, expected: str) -> None:
    assert final_version(version) == expected


@pytest.mark.parametrize(
    ("version", "line", "expected"),
    [
        ("3.14.6", "3.14", True),
        ("3.15.0b3", "3.15-rc", True),
        ("17.2-1", "17", True),
        ("3.1.4", "3.14", False),
        ("3.140.1", "3.14", False),
        ("3", "3.14", False),
        ("x3.14", "3.14", False),
    ],
)
def test_a_version_is_of_the_line_whose_number_it_starts_with(version: str, line: str, expected: bool) -> None:
    assert is_of_line(version, line) is expected


LINES = ("3.9", "3.10", "3.13", "3.14", "3.15-rc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">=3.10,<3.14", ("3.10", "3.13")),
        ("3.10", ("3.10",)),
        ("==3.15", ("3.15-rc",)),
        (" > 3.10 , != 3.14 ", ("3.13", "3.15-rc")),
        ("<=3.10", ("3.9", "3.10")),
        (">3", LINES),
        ("<3", ()),
        ("3", ()),
    ],
)
def test_a_range_takes_the_lines_that_fit_all_its_bounds(text: str, expected: tuple[str, ...]) -> None:
    versions = VersionRange.parse(text)

    assert tuple(line for line in LINES if line in versions) == expected


@pytest.mark.parametrize(
    "text", ["", ",", ">=3.10,", "~3.10", "=3.10", ">= 3.x", "3.10 3.11", ">=3.10\n", "^3", "3.10-rc"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version range; write it like"):
        VersionRange.parse(text)


@given(st.lists(BOUNDS, min_size=1, max_size=3).map(",".join))
def test_a_range_is_read_back_from_its_text(text: str) -> None:
    versions = VersionRange.parse(text)

    assert VersionRange.parse(str(versions)) == versions
