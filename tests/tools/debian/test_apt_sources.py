"""apt's sources as values: both formats that apt reads, and which archives are Debian's."""

import pytest

from orchestrator.tools.debian.apt_sources import Mirror, parse, sources, with_suite

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
RELEASE = Mirror("http://mirror.example.org/debian", ("bookworm", "bookworm-updates"), ("main",), KEYRING)
SECURITY = Mirror("http://mirror.example.org/debian-security", ("bookworm-security",), ("main",), KEYRING)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "debian.sources",
            f"Types: deb deb-src\nURIs: {RELEASE.url}/\nSuites: bookworm bookworm-updates\n"
            f"Components: main\n# a remark\nSigned-By: {KEYRING}\n",
            (RELEASE,),
        ),
        (
            "two.sources",
            "Types: deb\nURIs: http://a.example.org http://b.example.org\nSuites: sid\nComponents: main contrib\n"
            " \nTypes: deb-src\nURIs: http://c.example.org\nSuites: sid\nComponents: main\n",
            (
                Mirror("http://a.example.org", ("sid",), ("main", "contrib")),
                Mirror("http://b.example.org", ("sid",), ("main", "contrib")),
            ),
        ),
        (
            "keys-inside.sources",
            "types: deb\nuris: http://a.example.org\nsuites: sid\ncomponents: main\n"
            "signed-by:\n -----BEGIN\n .\n abc\n",
            (Mirror("http://a.example.org", ("sid",), ("main",), "\n -----BEGIN\n .\n abc"),),
        ),
        (
            "off.sources",
            "Enabled: no\nTypes: deb\nURIs: http://a.example.org\nSuites: sid\nComponents: main\n",
            (),
        ),
        (
            "sources.list",
            f"# remark\ndeb [arch=amd64 signed-by={KEYRING}] {SECURITY.url} bookworm-security main # more\n"
            "deb-src http://a.example.org sid main\n",
            (SECURITY,),
        ),
        (
            "own.list",
            "deb [trusted=yes] http://a.example.org/ sid main contrib\n",
            (Mirror("http://a.example.org", ("sid",), ("main", "contrib"), trusted=True),),
        ),
        ("flat.list", "deb http://a.example.org ./\nnonsense\n", ()),
        ("debian.sources.disabled", "Types: deb\nURIs: http://a.example.org\nSuites: sid\nComponents: main\n", ()),
    ],
)
def test_the_sources_are_read_as_apt_reads_them(name: str, text: str, expected: tuple[Mirror, ...]) -> None:
    assert parse({name: text}) == expected


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [
        (RELEASE, True),
        (SECURITY, True),
        (Mirror("http://mirror.example.org/debian", ("stable",), ("main",)), True),
        (Mirror("mirror+file:/etc/apt/mirrors/debian.list", ("bookworm-backports",), ("main",)), True),
        (Mirror("http://mirror.example.org/bullseye/debian", ("bullseye/updates",), ("main",)), True),
        (Mirror("https://apt.example.org", ("bookworm",), ("main",)), False),
        (Mirror("https://apt.example.org/debian", ("bookworm",), ("main",), "/etc/apt/keyrings/shop.gpg"), False),
        (Mirror("https://apt.example.org/linux/debian", ("bookworm",), ("stable",)), False),
        (Mirror("https://apt.example.org/debian", ("nodistro",), ("main",)), False),
        (Mirror("https://apt.example.org/debian", ("bookworm-pgdg",), ("main",)), False),
    ],
)
def test_only_debian_and_its_mirrors_count(mirror: Mirror, expected: bool) -> None:
    assert mirror.is_debian is expected


def test_another_suite_comes_from_the_mirror_of_whole_releases() -> None:
    assert with_suite([SECURITY, RELEASE], "trixie") == (
        SECURITY,
        RELEASE,
        Mirror(RELEASE.url, ("trixie",), ("main",), KEYRING),
    )


def test_a_suite_that_is_there_is_not_named_twice() -> None:
    assert with_suite([RELEASE], "bookworm") == (RELEASE,)


def test_without_a_mirror_of_releases_there_is_no_other_suite() -> None:
    with pytest.raises(ValueError, match="no Debian mirror that has trixie"):
        with_suite([SECURITY], "trixie")


@pytest.mark.parametrize(
    "mirror",
    [
        RELEASE,
        Mirror("http://a.example.org", ("sid",), ("main", "contrib"), trusted=True),
        Mirror("http://a.example.org", ("sid",), ("main",), "\n -----BEGIN\n .\n abc"),
    ],
)
def test_what_is_written_is_read_back(mirror: Mirror) -> None:
    assert parse({"x.sources": sources([mirror, RELEASE])}) == (mirror, RELEASE)
