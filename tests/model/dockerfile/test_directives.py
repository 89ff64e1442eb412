from collections.abc import Mapping

import pytest

from orchestrator.model.dockerfile.directives import directives, escape_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a", {}),
        ("# syntax=docker/dockerfile:1\n#escape = `\nFROM a", {"syntax": "docker/dockerfile:1", "escape": "`"}),
        ("  # ESCAPE=\\ \r\n", {"escape": "\\"}),
        ("# escape=`\n# check=skip=all\n", {"check": "skip=all", "escape": "`"}),
        ("# a comment\n# escape=`", {}),
        ("\n# escape=`", {}),
        ("# unknown=a\n# escape=`", {}),
        ("FROM a\n# escape=`", {}),
        ("# escape=\n", {}),
        ("# escape=`", {"escape": "`"}),
        ("#\u00a0escape=`", {}),
        ("\ufeff# escape=`", {"escape": "`"}),
        ("#!/usr/bin/env tool\n# escape=`\n# syntax=a/b\nFROM a", {"syntax": "a/b"}),
        ("// syntax=a/b\nFROM a", {"syntax": "a/b"}),
        ("// escape=`\n//syntax = a/b\nFROM a", {"syntax": "a/b"}),
        ("#!/tool\n// syntax=a/b\nFROM a", {"syntax": "a/b"}),
        ("# a comment\n// syntax=a/b", {}),
    ],
)
def test_directives_stand_at_the_very_top(text: str, expected: Mapping[str, str]) -> None:
    assert directives(text) == expected
    assert escape_of(text) == expected.get("escape", "\\")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# escape=`\n# escape=`\n", "line 2: the directive `# escape=` stands there twice"),
        ("# escape=x\n", "line 1: the escape 'x' is neither \\ nor `"),
        ("# check=skip=all\n# escape=`\n", "line 2: the directive `# escape=` stands below `# check=`; put it above"),
    ],
)
def test_a_wrong_directive_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        directives(text)

    assert str(caught.value) == problem
