from collections.abc import Sequence

import pytest

from orchestrator.model.readme import Listed, ListedTogether
from orchestrator.render.readme_lists import architectures, image, link, plain, shared_tags, simple_tags, spoken

FULL, SLIM = Listed(("2.0-trixie", "trixie"), "https://example.com/full"), Listed(("slim",), "")


def test_an_entry_is_a_line_that_leads_to_its_dockerfile_where_that_has_a_page() -> None:
    assert simple_tags([FULL, SLIM]) == "-\t[`2.0-trixie`, `trixie`](https://example.com/full)\n-\t`slim`"


def test_shared_tags_stand_above_the_first_tags_of_their_entries() -> None:
    groups = [ListedTogether(("2.0", "latest"), (FULL, SLIM)), ListedTogether(("1.0",), (SLIM,))]

    assert shared_tags(groups) == (
        "-\t`2.0`, `latest`:\n\t-\t[`2.0-trixie`](https://example.com/full)\n\t-\t`slim`\n-\t`1.0`:\n\t-\t`slim`"
    )


def test_architectures_are_on_one_line() -> None:
    assert (
        architectures({"amd64": "https://example.com/a/", "s390x": ""}) == "[`amd64`](https://example.com/a/), `s390x`"
    )


def test_nothing_makes_empty_lists() -> None:
    assert (simple_tags([]), shared_tags([]), architectures({})) == ("", "", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Python's forum", "Python's forum"),
        ("a_b*c", r"a\_b\*c"),
        ("[x](y) <z> `w` &amp;", r"\[x\](y) \<z\> \`w\` \&amp;"),
    ],
)
def test_plain_text_is_no_markdown(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/a_(b)", "[x](https://example.com/a_%28b%29)"),
        ("https://example.com/<b>", "[x](https://example.com/%3Cb%3E)"),
        ("", "x"),
    ],
)
def test_a_link_ends_where_its_url_ends(url: str, expected: str) -> None:
    assert link("x", url) == expected


def test_a_picture_is_there_when_it_has_a_url() -> None:
    assert (image("a]", "https://example.com/a.png"), image("a", "")) == ("![a\\]](https://example.com/a.png)", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b, or c")],
)
def test_words_are_joined_as_one_says_them(words: Sequence[str], expected: str) -> None:
    assert spoken(words, last="or") == expected
