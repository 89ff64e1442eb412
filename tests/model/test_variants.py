import pytest

from orchestrator.model.variants import Variant


@pytest.mark.parametrize(
    ("path", "name", "group", "release"),
    [
        ("trixie", "trixie", "debian", "trixie"),
        ("slim-trixie", "slim-trixie", "slim", "trixie"),
        ("alpine3.24", "alpine3.24", "alpine", "3.24"),
        ("windows/windowsservercore-ltsc2025", "windowsservercore-ltsc2025", "windowsservercore", "ltsc2025"),
    ],
)
def test_a_variant_knows_its_parts(path: str, name: str, group: str, release: str) -> None:
    variant = Variant.parse(path)

    assert (variant.path, str(variant), variant.group, variant.release) == (path, name, group, release)


@pytest.mark.parametrize(
    ("path", "os"), [("slim-trixie", "linux"), ("alpine3.24", "linux"), ("windows/windowsservercore-1809", "windows")]
)
def test_a_variant_runs_on_one_operating_system(path: str, os: str) -> None:
    assert Variant.parse(path).os == os


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Trixie",
        "alpine 3.24",
        "alpine3.24\n",
        "-slim",
        "slim-",
        "slim.",
        "..",
        "a..b",
        "/abs",
        "../x",
        "linux/trixie",
        "windows/",
        "windows/a/b",
        "a\\b",
        "a:b",
        "x" * 65,
        "con",
        "aux.1",
        "windows/nul",
        "\u0455lim",
        "$(id)",
    ],
)
def test_what_is_no_variant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a variant; write it like slim-trixie or"):
        Variant.parse(text)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("windowsservercore", True),
        ("windowsservercore-ltsc2025", True),
        ("windows/windowsservercore-ltsc2025", True),
        ("windows", False),
        ("ltsc2025", False),
        ("", False),
    ],
)
def test_a_selector_takes_a_group_or_one_variant(selector: str, expected: bool) -> None:
    variant = Variant.parse("windows/windowsservercore-ltsc2025")

    assert variant.matches(selector) is expected
