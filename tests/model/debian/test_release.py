from datetime import UTC, datetime

import pytest

from orchestrator.model.debian.release import Release

TEXT = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Debian
Suite: stable
Codename: trixie
Date: Sat, 12 Sep 2026 07:55:41 UTC
Architectures: all amd64 armel s390x
SHA256:
 0123 45 Date: nonsense
"""


def test_date_and_architectures_are_read() -> None:
    release = Release.parse(TEXT)

    assert release == Release(
        datetime(2026, 9, 12, 7, 55, 41, tzinfo=UTC), frozenset({"all", "amd64", "armel", "s390x"})
    )


def test_arches_are_ours_in_their_order() -> None:
    assert Release.parse(TEXT).arches == ("amd64", "arm32v5", "s390x")


@pytest.mark.parametrize(
    "text", ["", "Date: yesterday\nArchitectures: amd64", "Date: Sat, 12 Sep 2026 07:55:41 UTC", "x"]
)
def test_what_is_no_release_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a Release file"):
        Release.parse(text)
