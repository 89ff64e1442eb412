"""What the documents say of the tool is what the tool is: verbs, options, exit codes, keys, files, links."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from orchestrator.cli import VERBS
from orchestrator.errors import ExitCode
from orchestrator.model import catalog, config
from orchestrator.model.facts import facts
from orchestrator.model.targets import Matrix
from orchestrator.render import dockerfile
from orchestrator.tools import inputs

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
# Documents that others write; what is in them is no business of ours.
_OF_OTHERS = re.compile(r"^````markdown\n.*?^````$", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MAKE = re.compile(r"(?:^\$ |[`&] ?)make ([a-z0-9-]+)", re.MULTILINE)
_TOOL = re.compile(r"\borchestrator (?:-C \S+ )?([a-z]+)\b[^\n`|#]*")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def text_of(name: str) -> str:
    return _OF_OTHERS.sub("", (ROOT / name).read_text(encoding="utf-8"))


def blocks(name: str, kind: str) -> list[str]:
    return [match["text"] for match in _BLOCK.finditer(text_of(name)) if match["kind"] == kind]


def anchors(text: str) -> set[str]:
    """What the headings of a document are called in links to them."""
    words = (re.sub(r"[^\w -]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in words}


def options_of(verb: str) -> set[str]:
    """All options of a verb and of what it groups."""
    command = importlib.import_module(f"orchestrator.commands.{verb}").command
    parts = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    return {
        name for part in parts for parameter in part.params for name in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_files_and_headings(name: str) -> None:
    folder = (ROOT / name).parent
    broken = [
        f"{file}#{anchor}"
        for file, anchor in _LINK.findall(text_of(name))
        if not (target := folder / file if file else ROOT / name).exists()
        or (anchor and anchor not in anchors(target.read_text(encoding="utf-8")))
    ]

    assert broken == []


@pytest.mark.parametrize("name", NAMES)
def test_what_make_is_told_to_do_is_in_the_makefile(name: str) -> None:
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(_MAKE.findall(text_of(name))) - known == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "CHANGELOG.md"])
def test_options_of_a_command_that_is_shown_exist(name: str) -> None:
    unknown = [
        f"{match[1]} {option}"
        for match in _TOOL.finditer(text_of(name))
        if match[1] in VERBS
        for option in _OPTION.findall(match[0])
        if option not in options_of(match[1]) | {"--help"}
    ]

    assert unknown == []


def rows(name: str, *, head: str) -> Iterator[list[str]]:
    """The rows of the table with this head; a | in code does not end a cell."""
    lines = iter(text_of(name).splitlines())
    for line in lines:
        if line.startswith(head):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_verbs_has_them_all_and_options_that_they_have() -> None:
    of_rows = [re.findall(r"`([^`]+)`", " ".join(cells)) for cells in rows("README.md", head="| verb |")]
    named = {span.split()[0] for spans in of_rows for span in spans}
    # What begins with another verb, as `build --plan` in the row of `plan`, is about that one.
    told = {
        (first if (first := span.split()[0]) in VERBS else spans[0].split()[0], option)
        for spans in of_rows
        for span in spans
        for option in _OPTION.findall(span)
    }

    assert set(VERBS) - named == set()
    assert ("build", "--plan") in told
    assert {(verb, option) for verb, option in told if option not in options_of(verb)} == set()


def test_as_many_flavours_and_builds_are_shipped_as_the_readme_says() -> None:
    loaded = inputs.load(root=ROOT, environment={}, overrides={})
    every = facts(loaded.catalog, loaded.config)
    builds = Matrix.of(every, loaded.config, base_arches={}).targets

    assert f"for {len(every)} flavours and {len(builds)} builds" in text_of("README.md")


def test_the_table_of_exit_codes_has_them_all() -> None:
    cells = [cell for row in rows("README.md", head="| code |") for cell in row]

    assert sorted(int(cell) for cell in cells if cell.isdigit()) == sorted(ExitCode)


def test_the_table_of_variables_has_all_that_are_ours() -> None:
    named = set(re.findall(r"\bORCHESTRATOR_[A-Z_]+", (ROOT / "README.md").read_text(encoding="utf-8")))

    assert named == set(inputs.VARIABLES)


def test_the_paths_that_contributors_are_sent_to_exist() -> None:
    named = re.findall(r"`([a-z_]+(?:/[a-z_.]+)+/?)`", text_of("CONTRIBUTING.md"))
    places = (ROOT, ROOT / "orchestrator")
    absent = [path for path in named if not any((place / path).exists() for place in places)]

    assert absent == []


@pytest.mark.parametrize("name", ["README.md", "docs/builders.md", "docs/image.md", "docs/jenkins.md"])
def test_pieces_of_the_configuration_fit_it(name: str) -> None:
    for block in blocks(name, "yaml"):
        piece = yaml.safe_load(block.replace("sha256: ...", f"sha256: {'ab' * 32}"))
        if piece and "on" not in piece and "jobs" not in piece:
            config.Config.model_validate({"image": "x", **piece})


def test_the_image_that_is_shown_can_be_rendered() -> None:
    versions, configuration, template = (
        blocks("docs/image.md", "json")[0],
        blocks("docs/image.md", "yaml")[0],
        blocks("docs/image.md", "")[0],
    )
    every = facts(catalog.read(versions, name="versions.json"), config.read(configuration, name="orchestrator.yaml"))

    tree = dockerfile.render(every, {"slim.j2": template, "debian.j2": '{% include "slim.j2" %}\n'})

    assert sorted(map(str, tree)) == ["1.0/slim-trixie/Dockerfile", "1.0/trixie/Dockerfile"]
    assert json.loads(versions)["1.0"]["greeting"] in next(iter(tree.values()))
