from pathlib import PurePosixPath
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.model.facts import Facts
from orchestrator.model.variants import Variant
from orchestrator.render.dockerfile import GENERATED, is_path_of_a_target, render


def _facts(line: str, variant: str, **values: Any) -> Facts:
    return Facts(line, Variant.parse(variant), "debian:trixie", (), {"version": f"{line}.1", **values})


def test_each_target_gets_a_file_that_says_where_it_comes_from() -> None:
    facts = (_facts("3.14", "slim-trixie"), _facts("3.14", "windows/windowsservercore-ltsc2025"))
    templates = {"slim.j2": "FROM {{ base }}\nENV A={{ version }}\n", "windowsservercore.j2": "FROM {{ base }}\n"}

    tree = render(facts, templates)

    header = f"{GENERATED} from versions.json, orchestrator.yaml and templates/dockerfile"
    assert tree == {
        PurePosixPath("3.14/slim-trixie/Dockerfile"): (
            f"{header}/slim.j2; do not edit.\n\nFROM debian:trixie\nENV A=3.14.1\n"
        ),
        PurePosixPath("3.14/windows/windowsservercore-ltsc2025/Dockerfile"): (
            f"{header}/windowsservercore.j2; do not edit.\n\nFROM debian:trixie\n"
        ),
    }


def test_every_wrong_place_is_named_once_with_a_target_that_shows_it() -> None:
    facts = (_facts("3.14", "trixie"), _facts("3.14", "slim-trixie"), _facts("3.13", "slim-trixie"))
    templates = {"slim.j2": "FROM {{ base }}\nENV A={{ nothing }}\n"}

    with pytest.raises(InputError) as caught:
        render(facts, templates)

    assert caught.value.problems == (
        "templates/dockerfile/debian.j2: there is no template templates/dockerfile/debian.j2 (3.14/trixie)",
        "templates/dockerfile/slim.j2:2: 'nothing' is undefined (3.14/slim-trixie and 1 more)",
    )


def test_a_result_that_breaks_a_rule_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        render([_facts("3.14", "slim-trixie")], {"slim.j2": "FROM {{ base }}\nADD https://example.org/a /\n"})

    assert caught.value.problems == (
        "templates/dockerfile/slim.j2: line 2 of the result adds https://example.org/a, "
        "which `sources` in orchestrator.yaml does not name (3.14/slim-trixie)",
    )


def test_a_value_stays_what_it_is() -> None:
    facts = _facts("3.14", "slim-trixie", text="{{ base }}")

    tree = render([facts], {"slim.j2": "FROM {{ base }}\nENV A={{ text | quote }}\n"})

    assert tree[PurePosixPath("3.14/slim-trixie/Dockerfile")].endswith("ENV A='{{ base }}'\n")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("3.14/slim-trixie/Dockerfile", True),
        ("3.9/windows/windowsservercore-1809/Dockerfile", True),
        ("3.14/Dockerfile", False),
        ("3.14/slim-trixie/entrypoint.sh", False),
        ("docs/slim-trixie/Dockerfile", False),
        ("examples/demo/dockerfiles/1.0/slim-trixie/Dockerfile", False),
        ("3.14/a/b/Dockerfile", False),
        ("Dockerfile", False),
    ],
)
def test_where_a_target_stands(path: str, *, expected: bool) -> None:
    assert is_path_of_a_target(PurePosixPath(path)) is expected
