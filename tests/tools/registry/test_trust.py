"""Tests of where certificates for a host are looked for; that they count is tested against a real registry."""

from pathlib import Path

import pytest
from yarl import URL

from orchestrator.errors import InputError
from orchestrator.tools.registry.trust import Trust, folder_name

NO_PEM = "these are no certificates"


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOME": "{home}"}, ".config/docker/certs.d"),
        ({"HOME": "{home}"}, ".docker/certs.d"),
        ({"HOME": "/none", "XDG_CONFIG_HOME": "{home}"}, "docker/certs.d"),
        ({"HOME": "/none", "DOCKER_CONFIG": "{home}"}, "certs.d"),
    ],
)
@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("ghcr.io", "https://ghcr.io/v2/"),
        ("ghcr.io:5000", "https://ghcr.io:5000/v2/"),
        ("[fd00::1]:5000", "https://[fd00::1]:5000/v2/"),
    ],
)
def test_what_dockers_folders_have_for_a_host_is_read(
    tmp_path: Path, environment: dict[str, str], folder: str, host: str, url: str
) -> None:
    authority = tmp_path / folder / host / "ca.crt"
    authority.parent.mkdir(parents=True)
    authority.write_text(NO_PEM)
    trust = Trust.of({name: value.format(home=tmp_path) for name, value in environment.items()})

    with pytest.raises(InputError) as raised:
        trust.context(URL(url))

    assert raised.value.problems == (f"{authority}: cannot be used; expected the certificate of an authority in PEM",)


@pytest.mark.parametrize("host", ["ghcr.io", "ghcr.io:443", "[fd00::1]", "[fd00::1]:5000"])
def test_a_folder_is_called_as_its_registry_is(host: str) -> None:
    assert folder_name(URL(f"https://{host}/v2/")) == host


def test_hosts_that_nothing_is_kept_for_share_the_authorities_of_this_machine(tmp_path: Path) -> None:
    for host in ("a.example:8443", "b.example:8443"):
        (tmp_path / host).mkdir()
    (tmp_path / "c.example").write_text("a file is nothing that is kept for a host")
    trust = Trust([tmp_path])
    common = trust.context(URL("https://a.example/v2/"))

    others = ("https://b.example/v2/", "https://c.example", "https://a.example:8443/v2/", "https://b.example:8443/v2/")

    assert [trust.context(URL(each)) is common for each in others] == [True, True, False, False]


def test_of_our_certificates_the_first_one_is_shown_to_a_host(tmp_path: Path) -> None:
    kept = tmp_path / "a.example"
    kept.mkdir()
    for name in ("b.cert", "a.cert", "a.key"):
        (kept / name).write_text(NO_PEM)

    with pytest.raises(InputError, match=r"/a\.cert: cannot be used; .*, and beside it a\.key with"):
        Trust([tmp_path]).context(URL("https://a.example/v2/"))
