import itertools
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InputError
from orchestrator.model.catalog import Catalog
from orchestrator.model.catalog import read as read_catalog
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts, facts
from orchestrator.model.tags import Tags, check, tag_order, tags
from orchestrator.model.targets import Matrix, Target
from orchestrator.model.variants import Variant
from tests.samples import target
from tests.templates import shipped

CATALOG = read_catalog((shipped.ROOT / "versions.json").read_text(encoding="utf-8"), name="versions.json")
SHIPPED = tags(CATALOG, shipped.config())


def catalog(**lines: list[str]) -> Catalog:
    """Lines such as v3_14=["trixie"], each in its release .1."""
    named = {name.removeprefix("v").replace("_", "."): variants for name, variants in lines.items()}
    return Catalog.model_validate(
        {name: {"version": f"{name}.1", "variants": variants} for name, variants in named.items()}
    )


def of(line: str, variant: str) -> Tags:
    return SHIPPED[line, Variant.parse(variant)]


LATEST = ("3.14.6", "3.14", "3", "latest")
WINDOWS = ("3.14.6-windowsservercore", "3.14-windowsservercore", "3-windowsservercore", "windowsservercore")


@pytest.mark.parametrize(
    ("variant", "simple", "shared"),
    [
        ("trixie", ("3.14.6-trixie", "3.14-trixie", "3-trixie", "trixie"), LATEST),
        (
            "slim-trixie",
            (
                *("3.14.6-slim-trixie", "3.14-slim-trixie", "3-slim-trixie", "slim-trixie"),
                *("3.14.6-slim", "3.14-slim", "3-slim", "slim"),
            ),
            (),
        ),
        ("bookworm", ("3.14.6-bookworm", "3.14-bookworm", "3-bookworm", "bookworm"), ()),
        ("slim-bookworm", ("3.14.6-slim-bookworm", "3.14-slim-bookworm", "3-slim-bookworm", "slim-bookworm"), ()),
        (
            "alpine3.24",
            (
                *("3.14.6-alpine3.24", "3.14-alpine3.24", "3-alpine3.24", "alpine3.24"),
                *("3.14.6-alpine", "3.14-alpine", "3-alpine", "alpine"),
            ),
            (),
        ),
        ("alpine3.23", ("3.14.6-alpine3.23", "3.14-alpine3.23", "3-alpine3.23", "alpine3.23"), ()),
        (
            "windows/windowsservercore-ltsc2025",
            (
                "3.14.6-windowsservercore-ltsc2025",
                "3.14-windowsservercore-ltsc2025",
                "3-windowsservercore-ltsc2025",
                "windowsservercore-ltsc2025",
            ),
            (*WINDOWS, *LATEST),
        ),
        (
            "windows/windowsservercore-ltsc2022",
            (
                "3.14.6-windowsservercore-ltsc2022",
                "3.14-windowsservercore-ltsc2022",
                "3-windowsservercore-ltsc2022",
                "windowsservercore-ltsc2022",
            ),
            (*WINDOWS, *LATEST),
        ),
    ],
)
def test_the_tags_of_the_line_that_is_latest(variant: str, simple: tuple[str, ...], shared: tuple[str, ...]) -> None:
    exact = tuple(tag for tag in (*simple, *shared) if tag.startswith("3.14.6"))

    assert of("3.14", variant) == Tags(simple, shared, exact)


def test_a_pre_release_has_its_own_tags_alone() -> None:
    assert of("3.15-rc", "slim-trixie") == Tags(
        simple=("3.15.0b3-slim-trixie", "3.15-rc-slim-trixie", "3.15.0b3-slim", "3.15-rc-slim"),
        shared=(),
        exact=("3.15.0b3-slim-trixie", "3.15.0b3-slim"),
    )
    assert of("3.15-rc", "trixie").all == ("3.15.0b3-trixie", "3.15-rc-trixie", "3.15.0b3", "3.15-rc")


def test_the_whole_image_has_the_published_numbers_of_tags() -> None:
    carried: dict[str, list[str]] = defaultdict(list)
    for each in SHIPPED.values():
        for tag in each.shared:
            carried[tag].append(each.simple[0])

    groups = set(map(tuple, carried.values()))

    assert len(SHIPPED) == 42
    assert sum(len(each.simple) for each in SHIPPED.values()) == 128
    assert (len(carried), len(groups)) == (22, 9)


def test_a_simple_tag_stands_once_and_is_no_shared_tag() -> None:
    simple = Counter(tag for each in SHIPPED.values() for tag in each.simple)
    shared = {tag for each in SHIPPED.values() for tag in each.shared}

    assert set(simple.values()) == {1}
    assert not shared & set(simple)


def test_latest_stands_alone_and_in_no_other_tag() -> None:
    assert {tag for each in SHIPPED.values() for tag in each.all if "latest" in tag} == {"latest"}


@pytest.mark.parametrize(
    ("variants", "tag", "owner"),
    [
        (["alpine3.24", "slim-trixie", "bookworm", "trixie"], "1.0", "bookworm"),
        (["trixie", "slim-bookworm", "slim-trixie"], "1.0-slim", "slim-trixie"),
        (["trixie", "slim-bookworm"], "1.0-slim", None),
        (["slim-trixie"], "1.0-slim", None),
        (["alpine3.24"], "1.0", None),
        (["alpine3.23", "alpine3.24"], "1.0-alpine", "alpine3.23"),
        (["windows/windowsservercore-ltsc2025"], "1.0", "windowsservercore-ltsc2025"),
    ],
)
def test_the_first_of_a_group_is_its_default(variants: list[str], tag: str, owner: str | None) -> None:
    found = tags(catalog(v1_0=variants), Config(image="tool"))

    assert [variant.name for (_, variant), each in found.items() if tag in each.all] == ([owner] if owner else [])


def test_a_line_that_is_called_like_its_version_has_each_tag_once() -> None:
    found = tags(
        Catalog.model_validate({"2": {"version": "2", "variants": ["trixie"]}}),
        Config.model_validate({"image": "tool", "aliases": {"2": ["two", "2"]}}),
    )

    assert found == {("2", Variant("trixie")): Tags(("2-trixie", "two-trixie"), ("2", "two"), ("2-trixie", "2"))}


LATE = Config.model_validate(
    {
        "image": "tool",
        "aliases": {"3.14": ["3", "latest"]},
        "bases": {"debian": "a", "windowsservercore": "b"},
        "holds": [
            {
                "line": "3.14",
                "variants": ["windows/windowsservercore-ltsc2025"],
                "facts": {"version": "3.14.0"},
                "reason": "the installer is late",
            }
        ],
    }
)


def test_a_held_variant_is_called_by_its_own_version_beside_those_that_went_on() -> None:
    found = tags(catalog(v3_14=["trixie"]), LATE)

    assert {variant.name: each for (_, variant), each in found.items()} == {
        "trixie": Tags(
            simple=("3.14.1-trixie", "3.14-trixie", "3-trixie", "trixie"),
            shared=("3.14.1", "3.14", "3", "latest"),
            exact=("3.14.1-trixie", "3.14.1"),
        ),
        "windowsservercore-ltsc2025": Tags(
            simple=(
                "3.14.0-windowsservercore-ltsc2025",
                "3.14-windowsservercore-ltsc2025",
                "3-windowsservercore-ltsc2025",
                "windowsservercore-ltsc2025",
            ),
            shared=(
                *("3.14.0-windowsservercore", "3.14-windowsservercore", "3-windowsservercore", "windowsservercore"),
                *("3.14.0", "3.14", "3", "latest"),
            ),
            exact=("3.14.0-windowsservercore-ltsc2025", "3.14.0-windowsservercore", "3.14.0"),
        ),
    }


def test_a_held_variant_of_a_group_is_its_default_as_before() -> None:
    held = {**LATE.model_dump(mode="json", include={"image", "holds"})}
    held["holds"][0]["variants"] = ["alpine3.24"]

    found = tags(catalog(v3_14=["trixie", "alpine3.24", "alpine3.23"]), Config.model_validate(held))

    assert found["3.14", Variant("alpine3.24")].simple == (
        *("3.14.0-alpine3.24", "3.14-alpine3.24"),
        *("3.14.0-alpine", "3.14-alpine"),
    )
    assert found["3.14", Variant("alpine3.23")].simple == ("3.14.1-alpine3.23", "3.14-alpine3.23")


def test_a_held_release_whose_tags_another_line_has_is_refused() -> None:
    lines = Catalog.model_validate(
        {
            "3.14": {"version": "3.14.1", "variants": ["trixie"]},
            "3.14.0": {"version": "3.14.0", "variants": ["windows/windowsservercore-ltsc2025"]},
        }
    )

    assert clash(lines, LATE) == tuple(
        f"tag {tag}: 3.14.0/windowsservercore-ltsc2025 and 3.14/windowsservercore-ltsc2025 "
        "would both be published under it; mend `aliases`"
        for tag in ("3.14.0", "3.14.0-windowsservercore", "3.14.0-windowsservercore-ltsc2025")
    )


def test_no_tag_belongs_to_two_sources_of_one_arch() -> None:
    matrix = Matrix.of(shipped.all_facts(), shipped.config(), base_arches={})

    check(matrix.targets, SHIPPED)


def clash(lines: Catalog, config: Config) -> tuple[str, ...]:
    every = facts(lines, config)
    with pytest.raises(InputError) as caught:
        check((Target(each, arch) for each in every for arch in arches(each)), tags(lines, config))
    return caught.value.problems


def arches(each: Facts) -> tuple[str, ...]:
    return ("windows-amd64",) if each.variant.group == "windowsservercore" else ("amd64", "s390x")


BASES = {"debian": "a", "slim": "b", "windowsservercore": "c"}


def test_an_alias_of_two_lines_is_refused_once_for_all_arches() -> None:
    config = Config.model_validate(
        {"image": "tool", "bases": BASES, "aliases": {"1.0": ["latest"], "2.0": ["latest", "1.0"]}}
    )

    assert clash(catalog(v1_0=["trixie"], v2_0=["trixie"]), config) == (
        "tag 1.0: 2.0/trixie and 1.0/trixie would both be published under it; mend `aliases`",
        "tag 1.0-trixie: 2.0/trixie and 1.0/trixie would both be published under it; mend `aliases`",
        "tag latest: 2.0/trixie and 1.0/trixie would both be published under it; mend `aliases`",
        "tag trixie: 2.0/trixie and 1.0/trixie would both be published under it; mend `aliases`",
    )


def test_one_release_of_windows_is_published_by_one_line() -> None:
    config = Config.model_validate({"image": "tool", "bases": BASES, "aliases": {"1.0": ["x"], "2.0": ["x"]}})
    ltsc2025, ltsc2022 = "windows/windowsservercore-ltsc2025", "windows/windowsservercore-ltsc2022"

    every = "2.0/windowsservercore-ltsc2025 and 2.0/windowsservercore-ltsc2022 and 1.0/windowsservercore-ltsc2025"
    assert clash(catalog(v1_0=[ltsc2025], v2_0=[ltsc2025, ltsc2022]), config) == (
        f"tag x: {every} would all be published under it; mend `aliases`",
        f"tag x-windowsservercore: {every} would all be published under it; mend `aliases`",
        "tag x-windowsservercore-ltsc2025: 2.0/windowsservercore-ltsc2025 and 1.0/windowsservercore-ltsc2025 "
        "would both be published under it; mend `aliases`",
    )


def test_two_lines_do_not_share_a_tag_though_no_arch_has_both() -> None:
    targets = [target("2.0/trixie@amd64"), target("1.0/trixie@s390x")]

    with pytest.raises(InputError, match=r"^tag x: 2\.0/trixie and 1\.0/trixie would both be published under it"):
        check(targets, {(each.facts.line, each.facts.variant): Tags((), ("x",)) for each in targets})


def test_a_tag_that_is_too_long_is_refused() -> None:
    config = Config.model_validate({"image": "tool", "bases": BASES, "aliases": {"1.0": ["a" * 122]}})

    assert clash(catalog(v1_0=["trixie"]), config) == (
        f"tag {'a' * 122}-trixie: is longer than any registry takes; shorten the version, variant or alias",
    )


def test_linux_and_several_releases_of_windows_share_a_tag() -> None:
    names = ("2.0/trixie@amd64", "2.0/windows/servercore-1@windows-amd64", "2.0/windows/servercore-2@windows-amd64")
    targets = [target(name) for name in names]

    check(targets, {("2.0", each.facts.variant): Tags((), ("2.0",)) for each in targets})


def test_tags_move_from_the_most_specific_to_latest() -> None:
    given_tags = ["latest", "3", "3.14", "3.14.6", "slim", "3.14.6-alpine3.24", "3.14-slim", "alpine3.24"]

    assert sorted(given_tags, key=tag_order) == [
        "3.14.6-alpine3.24",
        "3.14.6",
        "3.14",
        "3.14-slim",
        "alpine3.24",
        "3",
        "slim",
        "latest",
    ]


@given(st.lists(st.sampled_from(["trixie", "slim-trixie", "bookworm", "slim-bookworm", "alpine3.24"]), unique=True))
def test_whatever_the_variants_are_no_two_share_a_tag(variants: list[str]) -> None:
    if not variants:
        return

    found = tags(catalog(v1_0=variants), Config(image="tool"))

    every = list(itertools.chain.from_iterable(each.all for each in found.values()))
    assert len(every) == len(set(every))
