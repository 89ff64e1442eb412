import pytest

from orchestrator.errors import InputError
from orchestrator.model.config import read
from orchestrator.model.config.readme import HUB_MAX_BYTES, Badge, Drop, Link, ReadmeConfig, fill_link


def readme_of(text: str) -> ReadmeConfig:
    return read(f"image: x\nreadme: {text}\n", name="f").readme


def test_all_of_it_may_be_left_out() -> None:
    assert read("image: x\n", name="f").readme == ReadmeConfig(max_bytes=HUB_MAX_BYTES)


def test_a_full_entry_is_read() -> None:
    page = {"title": "Forum", "url": "https://example.com/forum"}

    found = readme_of(
        '{description: A tool., help: [{title: Forum, url: "https://example.com/forum"}],'
        ' issues: "https://example.com/issues", license: {title: Forum, url: "https://example.com/forum"},'
        ' logo: "https://example.com/x.svg", pages: "https://example.com/r/{repository}/",'
        ' badges: [{title: build, image: "https://example.com/{arch}.svg", url: "https://example.com/{repository}"}],'
        ' max_bytes: 9000, drop: [{tags: "*-old"}, {tags: ["1.*", "2.?"]}, {section: use}]}'
    )

    assert found == ReadmeConfig(
        description="A tool.",
        help=(Link(**page),),
        issues="https://example.com/issues",
        license=Link(**page),
        logo="https://example.com/x.svg",
        pages="https://example.com/r/{repository}/",
        badges=(Badge(title="build", image="https://example.com/{arch}.svg", url="https://example.com/{repository}"),),
        max_bytes=9000,
        drop=(Drop(tags=("*-old",)), Drop(tags=("1.*", "2.?")), Drop(section="use")),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{{description: {'a' * 101}}}", "readme/description: string should have at most 100 characters"),
        ('{help: [{title: "", url: "https://example.com"}]}', "readme/help/0/title: expected some text, got none"),
        ("{issues: example.com}", "readme/issues: 'example.com' is not a URL; write it like https://example.org/path"),
        (
            '{pages: "https://example.com/{arch}"}',
            "readme/pages: 'https://example.com/{arch}': there is no value 'arch'; there are repository",
        ),
        (
            '{badges: [{title: x, image: "https://example.com/{repo}", url: "https://example.com"}]}',
            "readme/badges/0/image: 'https://example.com/{repo}': there is no value 'repo'; there are arch, repository",
        ),
        ('{pages: "{repository}"}', "readme/pages: 'amd64/image' is not a URL; write it like https://example.org/path"),
        ("{max_bytes: 0}", "readme/max_bytes: expected 1 or more, got 0"),
        ("{drop: [{}]}", "readme/drop/0: give either `tags` or `section`"),
        ('{drop: [{tags: "*", section: use}]}', "readme/drop/0: give either `tags` or `section`"),
        (
            '{drop: [{tags: "[a]"}]}',
            "readme/drop/0/tags/0: '[a]' is not a pattern of tags; write it like *-bookworm or 3.10*",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        readme_of(text)

    assert caught.value.problems == (f"f:2: {problem}",)


def test_links_are_filled() -> None:
    assert fill_link("https://x/{arch}/{repository}", {"arch": "s390x", "repository": "a/b"}) == "https://x/s390x/a/b"


@pytest.mark.parametrize(
    ("image", "url", "expected"),
    [
        ("https://x/{arch}", "https://x", True),
        ("https://x", "https://x/{arch}", True),
        ("https://x/{repository}", "https://x", False),
    ],
)
def test_a_badge_is_of_an_arch_when_it_names_one(image: str, url: str, *, expected: bool) -> None:
    assert Badge(title="x", image=image, url=url).is_of_an_arch is expected
