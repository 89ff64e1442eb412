import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from orchestrator.errors import InputError, UnavailableError
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.config import Builder
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import State
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.tools.bases import Resolved
from orchestrator.tools.planner import Recipe, plan, recipe, resolved_bases
from tests.fakes import FakeRegistry
from tests.samples import BASE, CONFIG, image_entry, index_document, target

ALPINE = Reference.parse("alpine:3.24")
BUSYBOX = index_document(image_entry("linux/amd64"), image_entry("linux/s390x"))
REGISTRIES = {"docker.io/library/busybox:trixie": BUSYBOX}
TARGETS = tuple(target(f"{line}/{name}") for line in ("1.0", "2.0") for name in ("trixie@amd64", "trixie@s390x"))


def one_recipe(line: str, *images: Reference) -> Recipe:
    return Recipe(PurePosixPath(f"dockerfiles/{line}/trixie"), f"FROM x\nENV LINE={line}\n", {}, images or (BASE,))


RECIPES = {f"{line}/trixie": one_recipe(line) for line in ("1.0", "2.0")}


def known(resolved: Resolved) -> dict[tuple[Reference, str], ResolvedBase]:
    return {key: base for key, base in resolved.items() if isinstance(base, ResolvedBase)}


async def test_each_base_is_asked_for_once_for_all_targets() -> None:
    registry = FakeRegistry(REGISTRIES)

    resolved = await resolved_bases(TARGETS, RECIPES, mirrors={}, registry=registry)

    assert registry.asked == ["docker.io/library/busybox:trixie"]
    assert {(str(name), arch): base.digest for (name, arch), base in known(resolved).items()} == {
        ("docker.io/library/busybox:trixie", "amd64"): digest_of(b"linux/amd64"),
        ("docker.io/library/busybox:trixie", "s390x"): digest_of(b"linux/s390x"),
    }


async def test_what_is_wrong_with_any_base_is_one_error() -> None:
    recipes = {"1.0/trixie": one_recipe("1.0", ALPINE), "2.0/trixie": one_recipe("2.0", Reference.parse("gone:1"))}

    with pytest.raises(InputError) as raised:
        await resolved_bases(TARGETS, recipes, mirrors={}, registry=FakeRegistry(REGISTRIES))

    assert [problem.split()[1] for problem in raised.value.problems] == ["alpine:3.24", "gone:1"]


async def test_a_plan_says_what_is_staged_and_asks_no_more_than_it_must() -> None:
    repositories = Repositories(CONFIG.registry, CONFIG)
    registry = FakeRegistry(REGISTRIES)
    resolved = await resolved_bases(TARGETS, RECIPES, mirrors={}, registry=registry)
    first = await plan(TARGETS, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)
    staged = index_document(image_entry("linux/amd64"))
    registry = FakeRegistry({str(first.builds[0].staging): staged})

    again = await plan(TARGETS, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)

    assert [build.state for build in again.builds] == [State.UP_TO_DATE, State.NEEDED, State.NEEDED, State.NEEDED]
    assert again.builds[0].staged == staged.digest
    needed = [build.pointer for build in again.builds[1:]]
    assert sorted(registry.asked) == sorted(map(str, [*(build.staging for build in again.builds), *needed]))
    assert [str(build.target) for build in again.builds] == [str(each) for each in TARGETS]


async def test_targets_whose_base_cannot_be_looked_up_are_unknown_and_the_others_are_planned() -> None:
    recipes = {"1.0/trixie": one_recipe("1.0", BASE, ALPINE), "2.0/trixie": one_recipe("2.0")}
    registry = FakeRegistry(REGISTRIES)
    registry.unreadable[str(ALPINE)] = UnavailableError("503")
    resolved = await resolved_bases(TARGETS, recipes, mirrors={}, registry=registry)

    made = await plan(
        TARGETS, recipes, resolved, build_args={}, registry=registry, repositories=Repositories("a.example", CONFIG)
    )

    assert [str(each.target) for each in made.builds] == ["2.0/trixie@amd64", "2.0/trixie@s390x"]
    assert [str(each.target) for each in made.unknown] == ["1.0/trixie@amd64", "1.0/trixie@s390x"]
    assert {each.problem.partition(" (")[0] for each in made.unknown} == {"base alpine:3.24 cannot be resolved"}


async def test_where_no_base_can_be_looked_up_there_is_no_plan() -> None:
    registry = FakeRegistry(REGISTRIES)
    registry.unreadable = {str(ALPINE): UnavailableError("503"), str(BASE): UnavailableError("503")}
    recipes = {"1.0/trixie": one_recipe("1.0", ALPINE), "2.0/trixie": one_recipe("2.0")}

    with pytest.raises(UnavailableError) as raised:
        await resolved_bases(TARGETS, recipes, mirrors={}, registry=registry)

    assert [problem.split()[1] for problem in raised.value.problems] == ["alpine:3.24", "busybox:trixie"]


async def test_where_staging_answers_nothing_one_of_its_errors_is_enough() -> None:
    registry = FakeRegistry(REGISTRIES)
    resolved = await resolved_bases(TARGETS, RECIPES, mirrors={}, registry=registry)
    repositories = Repositories(CONFIG.registry, CONFIG)
    made = await plan(TARGETS, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)
    registry.unreadable = {str(each.staging): UnavailableError(f"503 for {each.target}") for each in made.builds}

    with pytest.raises(UnavailableError, match=r"^503 for 1.0/trixie@amd64$"):
        await plan(TARGETS, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)


async def test_a_build_is_named_after_dockerfile_files_arguments_base_and_builder() -> None:
    one = (target("1.0/trixie@amd64"),)
    registry = FakeRegistry(REGISTRIES)
    resolved = await resolved_bases(one, RECIPES, mirrors={}, registry=registry)
    classic = CONFIG.model_copy(update={"builders": {"amd64": Builder(driver="classic")}})
    moved = {key: replace(base, digest=digest_of(b"moved")) for key, base in known(resolved).items()}
    changed = {"1.0/trixie": replace(RECIPES["1.0/trixie"], files={"motd": "a" * 64})}
    other = {"1.0/trixie": replace(RECIPES["1.0/trixie"], dockerfile="FROM x\n")}
    names = set()

    for recipes, bases, arguments, config in (
        (RECIPES, resolved, {}, CONFIG),
        (changed, resolved, {}, CONFIG),
        (other, resolved, {}, CONFIG),
        (RECIPES, moved, {}, CONFIG),
        (RECIPES, resolved, {"OPTIMIZE": "no"}, CONFIG),
        (RECIPES, resolved, {}, classic),
    ):
        made = await plan(
            one,
            recipes,
            bases,
            build_args=arguments,
            registry=registry,
            repositories=Repositories(config.registry, config),
        )
        names.add(made.builds[0].build_id)

    assert len(names) == 6


def test_a_recipe_has_the_bases_and_files_of_a_rendered_directory(tmp_path: Path) -> None:
    directory = tmp_path / "dockerfiles" / "1.0"
    directory.mkdir(parents=True)
    (directory / "motd").write_text("hello")
    (directory / "notes").write_text("taken by nobody")
    text = "FROM scratch AS source\nFROM busybox:trixie\nCOPY --from=alpine:3.24 /bin/sh /x\nCOPY motd /etc/\n"

    found = recipe(tmp_path, PurePosixPath("dockerfiles/1.0/Dockerfile"), text, {})

    files = {"motd": hashlib.sha256(b"hello").hexdigest()}
    assert found == Recipe(PurePosixPath("dockerfiles/1.0"), text, files, (BASE, ALPINE))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN tool\n", "dockerfiles/1.0/Dockerfile: "),
        ("FROM a\nCOPY 'b /\n", 'dockerfiles/1.0/Dockerfile: line 2: "\'b /" has a quote that does not end'),
        ("FROM UPPER/case\n", "dockerfiles/1.0/Dockerfile: 'UPPER/case' is not an image reference"),
        (
            "FROM --platform=$BUILDPLATFORM busybox:trixie AS tools\nFROM busybox:trixie\n",
            "dockerfiles/1.0/Dockerfile: stage tools: --platform=$BUILDPLATFORM is not possible yet",
        ),
    ],
)
def test_a_dockerfile_that_cannot_be_read_is_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InputError) as raised:
        recipe(tmp_path, PurePosixPath("dockerfiles/1.0/Dockerfile"), text, {})

    assert str(raised.value).startswith(expected)
