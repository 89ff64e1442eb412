import pytest

from orchestrator.tools.debian.apt_sources import Mirror
from orchestrator.tools.debian.archive import suite_mirrors

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
MAIN = Mirror("http://mirror.example/debian", ("bookworm", "bookworm-updates"), ("main", "contrib"), KEYS)
SECURITY = Mirror("http://mirror.example/debian-security", ("bookworm-security",), ("main",), KEYS)


def mirror(url: str, suite: str) -> Mirror:
    return Mirror(f"http://mirror.example/{url}", (suite,), ("main",), KEYS)


@pytest.mark.parametrize(
    ("known", "suite", "updates", "expected"),
    [
        (
            (MAIN, SECURITY),
            "trixie",
            True,
            (
                mirror("debian", "trixie"),
                mirror("debian", "trixie-updates"),
                mirror("debian-security", "trixie-security"),
            ),
        ),
        ((MAIN, SECURITY), "trixie", False, (mirror("debian", "trixie"),)),
        ((MAIN, SECURITY), "bookworm", False, (mirror("debian", "bookworm"),)),
        ((MAIN,), "trixie", True, (mirror("debian", "trixie"), mirror("debian", "trixie-updates"))),
        ((MAIN, SECURITY), "sid", True, (mirror("debian", "sid"),)),
    ],
)
def test_a_suite_comes_from_the_machines_mirror_with_the_updates_that_the_machine_has(
    known: tuple[Mirror, ...], suite: str, updates: bool, expected: tuple[Mirror, ...]
) -> None:
    assert suite_mirrors(known, suite, updates=updates) == expected


def test_a_machine_without_a_mirror_of_releases_is_told() -> None:
    with pytest.raises(ValueError, match="name no Debian mirror that has trixie"):
        suite_mirrors((SECURITY,), "trixie", updates=True)
