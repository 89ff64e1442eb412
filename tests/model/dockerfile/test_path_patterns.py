import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.dockerfile.path_patterns import regex_of


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        # The table is Go's own idea of its function: https://pkg.go.dev/path/filepath#Match
        ("abc", "abc", True),
        ("*", "abc", True),
        ("*c", "abc", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "ab", False),
        ("a?b", "a\u263ab", True),
        ("a???b", "a\u263ab", False),
        ("[a-\u03b6]*", "\u03b1", True),
        ("*[a-\u03b6]", "A", False),
        ("a?b", "a/b", False),
        ("a*b", "a/b", False),
        ("[\\]a]", "]", True),
        ("[\\-]", "-", True),
        ("[x\\-]", "x", True),
        ("[b-a]", "a", False),
        ("[^b-a]", "a", True),
        ("arr[[]0].txt", "arr[0].txt", True),
        ("a.c", "abc", False),
        ("(a|b)+$", "(a|b)+$", True),
        ("*x", "xxx", True),
        ("", "", True),
        ("", "a", False),
        (".*", ".hidden", True),
        ("*", ".hidden", True),
        ("a]", "a]", True),
    ],
)
def test_a_pattern_fits_what_it_fits_for_go(pattern: str, path: str, expected: bool) -> None:
    assert bool(re.fullmatch(regex_of(pattern), path)) is expected


@pytest.mark.parametrize("pattern", ["[", "[a", "a[", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[^]", "a\\"])
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no pattern"):
        regex_of(pattern)


@given(st.text(st.characters(exclude_characters="*?[\\")))
def test_a_pattern_without_wildcards_fits_itself_alone(text: str) -> None:
    assert re.fullmatch(regex_of(text), text)
    assert not re.fullmatch(regex_of(text), text + "x")
