from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.model.config import Config
from orchestrator.model.config.readme import SECTIONS, Badge, Drop, Link, ReadmeConfig
from orchestrator.model.library import Library, LibraryEntry, Origin
from orchestrator.model.library.reader import read
from orchestrator.render.readme import GENERATED, SUFFIX, TEMPLATES, Readme, readme
from orchestrator.tools import files
from tests.golden import FOLDER, expected
from tests.templates import shipped

OURS = files.read_folder(shipped.ROOT / "orchestrator" / TEMPLATES, suffix=SUFFIX)
PYTHONS = {**OURS, **files.read_folder(shipped.ROOT / TEMPLATES, suffix=SUFFIX)}
NOTHING = dict.fromkeys((*(f"{section}{SUFFIX}" for section in SECTIONS), f"variant{SUFFIX}"), "")

COMMIT = "0a" * 20


def entry(tags: str, *, shared: str = "", arches: str = "amd64 s390x") -> LibraryEntry:
    return LibraryEntry(
        tags=tuple(tags.split()),
        shared_tags=tuple(shared.split()),
        architectures=tuple(arches.split()),
        origin=Origin("https://github.com/example/x", git_commit=COMMIT),
    )


LIBRARY = Library(
    LibraryEntry(),
    (
        entry("2.0-trixie trixie", shared="2.0 2 latest"),
        entry("2.0-slim-trixie 2.0-slim", arches="amd64"),
        entry("1.0-trixie", shared="1.0"),
    ),
)


def text_of(templates: Mapping[str, str], *, arch: str | None = None, library: Library = LIBRARY, **facts: Any) -> str:
    """What the sections of a README are without its first line."""
    config = Config(
        image="x",
        git_url="https://github.com/example/x.git",
        maintainers=("One Two (@one)", "Three <three@example.com> (@three)"),
        readme=ReadmeConfig(**facts),
    )
    head, _, rest = readme(library, config, {**NOTHING, **templates}, arch=arch).text.partition("\n\n")
    assert head.startswith(GENERATED)
    return rest


def golden_library(name: str) -> Library:
    return read((FOLDER / name).read_text(encoding="utf-8"), name=name).library


def test_the_lists_of_an_arch_are_those_of_the_official_image() -> None:
    found = readme(golden_library("readme/python-2020"), shipped.config(), PYTHONS, arch="amd64").text

    tags = found[found.index("## Simple Tags") : found.index("[![")]
    (arches,) = (line for line in found.splitlines() if "`arm32v6`" in line)
    assert tags + arches + "\n" == expected("readme/amd64-lists.md", tags + arches + "\n")


@pytest.mark.parametrize(("arch", "name"), [(None, "python.md"), ("windows-amd64", "windows-amd64-python.md")])
def test_the_readme_of_the_shipped_image_is_known(arch: str | None, name: str) -> None:
    found = readme(golden_library("library/python"), shipped.config(), PYTHONS, arch=arch)

    assert found.text == expected(f"readme/{name}", found.text)
    assert found.size < shipped.config().readme.max_bytes
    assert found.left_out == ()


def test_an_arch_that_has_only_some_flavours_gets_examples_that_it_has() -> None:
    found = readme(golden_library("library/python"), shipped.config(), PYTHONS, arch="arm32v6").text

    named = {line.split()[1] for line in found.splitlines() if line.startswith("FROM ")}
    assert named == {"arm32v6/python:3-alpine"}
    assert "## Shared Tags" not in found
    assert "slim" not in found


def test_sections_come_in_their_order_and_empty_ones_not_at_all() -> None:
    templates = {f"{section}{SUFFIX}": f"\n{section} of {{{{ image }}}}\n" for section in reversed(SECTIONS)}

    assert text_of({**templates, "badges.j2": "\n"}) == (
        "\n\n".join(f"{section} of x" for section in SECTIONS if section != "badges") + "\n"
    )


@pytest.mark.parametrize(
    ("template", "arch", "result"),
    [
        ("{{ image }} {{ name }} {{ tag }} {{ arch }}|", None, "x x 2 |"),
        ("{{ image }} {{ name }} {{ tag }} {{ arch }}|", "s390x", "s390x/x x 2 s390x|"),
        ("{{ main_image }}", "s390x", "[`x`](https://hub.docker.com/_/x)"),
        ("{{ maintainers }}", None, "[One Two and Three](https://github.com/example/x)"),
        ("{{ issues }}", None, "[https://github.com/example/x/issues](https://github.com/example/x/issues)"),
        ("{{ examples.plain }} {{ examples.slim }}", "amd64", "2 2.0-slim"),
        (
            "{{ architectures }}",
            "s390x",
            "[`amd64`](https://hub.docker.com/r/amd64/x/), [`s390x`](https://hub.docker.com/r/s390x/x/)",
        ),
    ],
)
def test_templates_know_the_image(template: str, arch: str | None, result: str) -> None:
    assert text_of({"use.j2": template, "variant-slim.j2": ""}, arch=arch) == f"{result}\n"


def test_what_people_write_in_the_configuration_is_no_markdown() -> None:
    link = Link(title="a_b", url="https://example.com/(c)")

    found = text_of(
        {"use.j2": "{{ description }}|{{ help }}|{{ license }}|{{ logo }}|{{ issues }}"},
        description="*x*",
        help=(link, link),
        license=link,
        logo="https://example.com/x.svg",
        issues="https://example.com/i",
    )

    page = r"[a\_b](https://example.com/%28c%29)"
    issues = "[https://example.com/i](https://example.com/i)"
    assert found == rf"\*x\*|{page} or {page}|{page}|![logo](https://example.com/x.svg)|{issues}" + "\n"


@pytest.mark.parametrize(
    ("arch", "result"),
    [
        (None, "[![all](https://ci.example/library/x.svg)](https://ci.example)\n"),
        (
            "s390x",
            "[![all](https://ci.example/s390x/x.svg)](https://ci.example)\n"
            "[![build](https://ci.example/s390x.svg)](https://ci.example/s390x)\n",
        ),
    ],
)
def test_badges_of_arches_are_theirs_alone(arch: str | None, result: str) -> None:
    badges = (
        Badge(title="all", image="https://ci.example/{repository}.svg", url="https://ci.example"),
        Badge(title="build", image="https://ci.example/{arch}.svg", url="https://ci.example/{arch}"),
    )

    assert text_of({"badges.j2": "{{ badges }}"}, arch=arch, badges=badges) == result


def test_each_flavour_gets_the_text_of_its_name_unless_that_is_empty() -> None:
    templates = {
        "variants.j2": "{{ variants }}",
        "variant.j2": "full, like {{ tag }} on {{ releases }}",
        "variant-slim.j2": "small, like {{ image }}:{{ tag }}\n",
        "variant-alpine.j2": "never",
    }

    assert text_of(templates) == (
        "## `x:<version>`\n\nfull, like 2 on `trixie`\n\n## `x:<version>-slim`\n\nsmall, like x:2.0-slim\n"
    )
    assert text_of({**templates, "variant-slim.j2": "\n"}) == "## `x:<version>`\n\nfull, like 2 on `trixie`\n"


def fitted(max_bytes: int, *drop: Drop, library: Library = LIBRARY) -> Readme:
    facts = ReadmeConfig(max_bytes=max_bytes, drop=drop)
    config = Config(image="x", git_url="https://github.com/example/x", readme=facts)
    templates = {**NOTHING, "tags.j2": OURS["tags.j2"], "about.j2": "about\n" * 50, "use.j2": "use\n" * 50}
    return readme(library, config, templates, arch="amd64")


DROPS = (Drop(tags=("*-none",)), Drop(tags=("1.*", "*-nothing")), Drop(section="use"), Drop(tags=("2.0-slim*",)))


@pytest.mark.parametrize(
    ("missing_bytes", "left_out"),
    [(0, 0), (1, 1), (150, 2), (330, 3)],
)
def test_as_much_is_left_out_as_is_needed_in_the_order_that_is_declared(missing_bytes: int, left_out: int) -> None:
    whole = fitted(100_000)

    found = fitted(whole.size - missing_bytes, *DROPS)

    # What leaves nothing out is not named.
    assert found.left_out == DROPS[1 : 1 + left_out]
    assert found.size <= whole.size - missing_bytes
    assert ("1.0-trixie" in found.text, "use\n" in found.text, "2.0-slim-" in found.text) == (
        left_out < 1,
        left_out < 2,
        left_out < 3,
    )


def test_what_is_left_out_is_said_with_a_link_to_the_rest() -> None:
    found = fitted(fitted(100_000).size - 1, *DROPS).text

    assert (
        "\n\nNot listed for want of room: `1.*`.\n"
        "The Dockerfiles of all tags are [in the repository](https://github.com/example/x).\n" in found
    )


def test_when_nothing_else_is_left_all_tags_make_way_for_a_link() -> None:
    found = fitted(900)

    assert found.left_out == (Drop(section="tags"),)
    assert "`" not in found.text.partition("\n\n")[2].replace("`Dockerfile`", "")
    assert "There is no room here for the tags.\n\nThe Dockerfiles of all tags are [in the repository](" in found.text


def test_what_cannot_fit_is_an_error_that_says_how_much_it_is() -> None:
    with pytest.raises(InputError) as caught:
        fitted(500)

    assert str(caught.value).startswith("amd64/README.md: has ")
    assert "500 are allowed (readme.max_bytes)" in str(caught.value)


@pytest.mark.parametrize(
    ("arch", "library", "result"),
    [
        ("mips64le", LIBRARY, "**WARNING:** THIS IMAGE *IS NOT SUPPORTED* ON THE `mips64le` ARCHITECTURE"),
        (None, Library(LibraryEntry(), ()), "**No supported tags**"),
    ],
)
def test_a_readme_without_tags_says_so(arch: str | None, library: Library, result: str) -> None:
    found = text_of(OURS, arch=arch, library=library)

    assert f"# Supported tags and respective `Dockerfile` links\n\n{result}\n\n#" in found
    assert "FROM" not in found


@pytest.mark.parametrize(
    ("arch", "path"), [(None, PurePosixPath("README.md")), ("s390x", PurePosixPath("s390x/README.md"))]
)
def test_each_arch_has_a_folder_of_its_own(arch: str | None, path: PurePosixPath) -> None:
    assert readme(LIBRARY, Config(image="x"), NOTHING, arch=arch).path == path


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("\n{{ nothing }}", "templates/readme/use.j2:2: 'nothing' is undefined"),
        ("{% if %}", "templates/readme/use.j2:1: Expected an expression, got 'end of statement block'"),
        ('{% include "other.j2" %}', "templates/readme/use.j2:1: there is no template templates/readme/other.j2"),
    ],
)
def test_a_template_that_is_wrong_is_named_with_its_line(template: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        text_of({"use.j2": template})

    assert caught.value.problems == (problem,)
