from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.model.config.upstream import UpstreamConfig
from orchestrator.model.variants import Variant


def test_nothing_has_to_be_said() -> None:
    assert UpstreamConfig() == UpstreamConfig.model_validate({})


def test_variants_and_ranges_are_read() -> None:
    found = UpstreamConfig.model_validate(
        {
            "optional": ["windows/windowsservercore-ltsc2025"],
            "facts": [{"key": "lib.version", "version": "<3", "url": "https://example.org/", "entry": "LIB={version}"}],
        }
    )

    assert found.optional == (Variant("windows/windowsservercore-ltsc2025"),)
    assert found.facts[0].version is not None
    assert "2.9" in found.facts[0].version


def test_what_is_shown_of_it_is_read_back_as_the_same() -> None:
    given = UpstreamConfig.model_validate({"optional": ["windows/windowsservercore-ltsc2025"]})

    assert UpstreamConfig.model_validate(given.model_dump(mode="json")) == given


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"listings": [{"url": "https://example.org/", "entry": "href"}]}, "expected `{version}` once"),
        ({"listings": [{"url": "https://example.org/", "entry": "{version}{version}"}]}, "expected `{version}` once"),
        ({"listings": [{"url": "https://example.org/{no thing}", "entry": "{version}"}]}, "is not a placeholder"),
        ({"checksums": [{"format": "md5", "url": "{url}.md5"}]}, "'sigstore', 'spdx' or 'sha256sum'"),
        ({"facts": [{"key": "a.b.c", "url": "u", "entry": "{version}"}]}, "is not the path of a fact"),
        ({"optional": ["trixie", "trixie"]}, "stands there more than once"),
        ({"pages": []}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(value: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        UpstreamConfig.model_validate(value)
