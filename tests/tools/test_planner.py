import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from orchestrator.errors import InputError, UnavailableError
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.config.builders import Builder
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Parent, State
from orchestrator.model.plan.parents import Lineage
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.targets import Target
from orchestrator.tools.bases import Resolved
from orchestrator.tools.planner import Recipe, plan, recipe, resolved_bases
from tests.fakes import FakeRegistry
from tests.samples import BASE, CONFIG, image_entry, index_document, target

ALPINE = Reference.parse("alpine:3.24")
BUSYBOX = index_document(image_entry("linux/amd64"), image_entry("linux/s390x"))
REGISTRIES = {"docker.io/library/busybox:trixie": BUSYBOX}


def alone(*targets: Target) -> Lineage:
    """Targets without parents."""
    return Lineage(targets, frozenset(targets), {})


TARGETS = tuple(target(f"{line}/{name}") for line in ("1.0", "2.0") for name in ("trixie@amd64", "trixie@s390x"))
FAMILY = alone(*TARGETS)


def one_recipe(line: str, *images: Reference) -> Recipe:
    return Recipe(PurePosixPath(f"dockerfiles/{line}/trixie"), f"FROM x\nENV LINE={line}\n", {}, images or (BASE,))


RECIPES = {f"{line}/trixie": one_recipe(line) for line in ("1.0", "2.0")}


def known(resolved: Resolved) -> dict[tuple[Reference, str], ResolvedBase]:
    return {key: base for key, base in resolved.items() if isinstance(base, ResolvedBase)}


async def test_each_base_is_asked_for_once_for_all_targets() -> None:
    registry = FakeRegistry(REGISTRIES)

    resolved = await resolved_bases(FAMILY, RECIPES, mirrors={}, registry=registry)

    assert registry.asked == ["docker.io/library/busybox:trixie"]
    assert {(str(name), arch): base.digest for (name, arch), base in known(resolved).items()} == {
        ("docker.io/library/busybox:trixie", "amd64"): digest_of(b"linux/amd64"),
        ("docker.io/library/busybox:trixie", "s390x"): digest_of(b"linux/s390x"),
    }


async def test_what_is_wrong_with_any_base_is_one_error() -> None:
    recipes = {"1.0/trixie": one_recipe("1.0", ALPINE), "2.0/trixie": one_recipe("2.0", Reference.parse("gone:1"))}

    with pytest.raises(InputError) as raised:
        await resolved_bases(FAMILY, recipes, mirrors={}, registry=FakeRegistry(REGISTRIES))

    assert [problem.split()[1] for problem in raised.value.problems] == ["alpine:3.24", "gone:1"]


async def test_a_plan_says_what_is_staged_and_asks_no_more_than_it_must() -> None:
    repositories = Repositories(CONFIG.registry, CONFIG)
    registry = FakeRegistry(REGISTRIES)
    resolved = await resolved_bases(FAMILY, RECIPES, mirrors={}, registry=registry)
    first = await plan(FAMILY, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)
    staged = index_document(image_entry("linux/amd64"))
    registry = FakeRegistry({str(first.builds[0].staging): staged})

    again = await plan(FAMILY, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)

    assert [build.state for build in again.builds] == [State.UP_TO_DATE, State.NEEDED, State.NEEDED, State.NEEDED]
    assert again.builds[0].staged == staged.digest
    needed = [build.pointer for build in again.builds[1:]]
    assert sorted(registry.asked) == sorted(map(str, [*(build.staging for build in again.builds), *needed]))
    assert [str(build.target) for build in again.builds] == [str(each) for each in TARGETS]


async def test_targets_whose_base_cannot_be_looked_up_are_unknown_and_the_others_are_planned() -> None:
    recipes = {"1.0/trixie": one_recipe("1.0", BASE, ALPINE), "2.0/trixie": one_recipe("2.0")}
    registry = FakeRegistry(REGISTRIES)
    registry.unreadable[str(ALPINE)] = UnavailableError("503")
    resolved = await resolved_bases(FAMILY, recipes, mirrors={}, registry=registry)

    made = await plan(
        FAMILY, recipes, resolved, build_args={}, registry=registry, repositories=Repositories("a.example", CONFIG)
    )

    assert [str(each.target) for each in made.builds] == ["2.0/trixie@amd64", "2.0/trixie@s390x"]
    assert [str(each.target) for each in made.unknown] == ["1.0/trixie@amd64", "1.0/trixie@s390x"]
    assert {each.problem.partition(" (")[0] for each in made.unknown} == {"base alpine:3.24 cannot be resolved"}


async def test_where_no_base_can_be_looked_up_there_is_no_plan() -> None:
    registry = FakeRegistry(REGISTRIES)
    registry.unreadable = {str(ALPINE): UnavailableError("503"), str(BASE): UnavailableError("503")}
    recipes = {"1.0/trixie": one_recipe("1.0", ALPINE), "2.0/trixie": one_recipe("2.0")}

    with pytest.raises(UnavailableError) as raised:
        await resolved_bases(FAMILY, recipes, mirrors={}, registry=registry)

    assert [problem.split()[1] for problem in raised.value.problems] == ["alpine:3.24", "busybox:trixie"]


async def test_where_staging_answers_nothing_one_of_its_errors_is_enough() -> None:
    registry = FakeRegistry(REGISTRIES)
    resolved = await resolved_bases(FAMILY, RECIPES, mirrors={}, registry=registry)
    repositories = Repositories(CONFIG.registry, CONFIG)
    made = await plan(FAMILY, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)
    registry.unreadable = {str(each.staging): UnavailableError(f"503 for {each.target}") for each in made.builds}

    with pytest.raises(UnavailableError, match=r"^503 for 1.0/trixie@amd64$"):
        await plan(FAMILY, RECIPES, resolved, build_args={}, registry=registry, repositories=repositories)


async def test_a_build_is_named_after_dockerfile_files_arguments_base_and_builder() -> None:
    one = alone(target("1.0/trixie@amd64"))
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


CHILD, PARENT = target("2.0/trixie@amd64"), target("1.0/trixie@amd64")
NAME = Reference.parse("tool:1.0")
PAIR = Lineage((PARENT, CHILD), frozenset({CHILD}), {CHILD: {NAME: PARENT}})


async def test_a_parent_stands_in_the_inputs_by_its_build_id_and_no_registry_is_asked_for_it() -> None:
    recipes = {**RECIPES, "2.0/trixie": one_recipe("2.0", NAME, BASE)}
    registry = FakeRegistry(REGISTRIES)
    resolved = await resolved_bases(PAIR, recipes, mirrors={}, registry=registry)

    made = await plan(
        PAIR, recipes, resolved, build_args={}, registry=registry, repositories=Repositories(CONFIG.registry, CONFIG)
    )

    parent, child = made.builds
    assert child.inputs.bases == {
        "busybox:trixie": digest_of(b"linux/amd64"),
        "tool:1.0": f"build:{parent.build_id}",
    }
    assert child.parents == (Parent(NAME, PARENT, parent.staging),)
    assert ([base.name for base in child.bases], parent.selected, child.selected) == ([BASE], False, True)
    assert str(NAME) not in registry.asked


async def test_what_moves_a_parent_moves_all_that_stand_on_it() -> None:
    recipes = {**RECIPES, "2.0/trixie": one_recipe("2.0", NAME)}
    registry = FakeRegistry(REGISTRIES)
    resolved = known(await resolved_bases(PAIR, recipes, mirrors={}, registry=registry))
    moved = {key: replace(base, digest=digest_of(b"moved")) for key, base in resolved.items()}
    ids: list[set[str]] = []

    for found in (resolved, moved):
        made = await plan(
            PAIR, recipes, found, build_args={}, registry=registry, repositories=Repositories(CONFIG.registry, CONFIG)
        )
        ids.append({build.build_id for build in made.builds})

    assert [len(each) for each in ids] == [2, 2]
    assert ids[0].isdisjoint(ids[1])


async def test_what_stands_on_an_unknown_parent_is_unknown_for_it() -> None:
    recipes = {
        "1.0/trixie": one_recipe("1.0", ALPINE),
        "2.0/trixie": one_recipe("2.0", NAME),
        "3.0/trixie": one_recipe("3.0"),
    }
    other = target("3.0/trixie@amd64")
    family = replace(PAIR, targets=(*PAIR.targets, other), selected=frozenset({CHILD, other}))
    registry = FakeRegistry(REGISTRIES)
    registry.unreadable[str(ALPINE)] = UnavailableError("503")
    resolved = await resolved_bases(family, recipes, mirrors={}, registry=registry)

    made = await plan(
        family, recipes, resolved, build_args={}, registry=registry, repositories=Repositories("a.example", CONFIG)
    )

    assert [build.target for build in made.builds] == [other]
    assert [(each.target, each.parent, each.selected) for each in made.unknown] == [
        (PARENT, None, False),
        (CHILD, PARENT, True),
    ]
    assert made.unknown[0].error is made.unknown[1].error


async def test_an_image_that_the_builder_runs_is_tied_to_its_index_for_every_use() -> None:
    recipes = {"2.0/trixie": replace(one_recipe("2.0", BASE), on_builder=frozenset({BASE}))}
    registry = FakeRegistry(REGISTRIES)
    family = alone(target("2.0/trixie@riscv64"))
    resolved = await resolved_bases(family, recipes, mirrors={}, registry=registry)

    made = await plan(
        family, recipes, resolved, build_args={}, registry=registry, repositories=Repositories("a.example", CONFIG)
    )

    [build] = made.builds
    assert build.inputs.bases == {"busybox:trixie": BUSYBOX.digest}
    assert [str(base.pinned) for base in build.bases] == [f"docker.io/library/busybox@{BUSYBOX.digest}"]


async def test_a_parent_does_not_run_on_the_builder() -> None:
    recipes = {**RECIPES, "2.0/trixie": replace(one_recipe("2.0", NAME), on_builder=frozenset({NAME}))}

    with pytest.raises(InputError, match=r"^dockerfiles/2\.0/trixie/Dockerfile: tool:1\.0 is built here, each arch on"):
        await resolved_bases(PAIR, recipes, mirrors={}, registry=FakeRegistry(REGISTRIES))


def test_a_recipe_has_the_bases_and_files_of_a_rendered_directory(tmp_path: Path) -> None:
    directory = tmp_path / "dockerfiles" / "1.0"
    directory.mkdir(parents=True)
    (directory / "motd").write_text("hello")
    (directory / "notes").write_text("taken by nobody")
    text = (
        "FROM --platform=$BUILDPLATFORM alpine:3.24 AS tools\n"
        "FROM scratch AS source\n"
        "FROM busybox:trixie\n"
        "COPY --from=tools /bin/sh /x\n"
        "COPY motd /etc/\n"
    )

    found = recipe(tmp_path, PurePosixPath("dockerfiles/1.0/Dockerfile"), text, {})

    files = {"motd": hashlib.sha256(b"hello").hexdigest()}
    assert found == Recipe(PurePosixPath("dockerfiles/1.0"), text, files, (ALPINE, BASE), frozenset({ALPINE}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN tool\n", "dockerfiles/1.0/Dockerfile: "),
        ("FROM a\nCOPY 'b /\n", "dockerfiles/1.0/Dockerfile: line 2: \"'b\" ends before the closing '"),
        ("FROM UPPER/case\n", "dockerfiles/1.0/Dockerfile: 'UPPER/case' is not an image reference"),
        (
            "FROM --platform=linux/386 busybox:trixie AS tools\nFROM busybox:trixie\n",
            "dockerfiles/1.0/Dockerfile: stage tools: --platform=linux/386 is neither the target's nor the builder's",
        ),
    ],
)
def test_a_dockerfile_that_cannot_be_read_is_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InputError) as raised:
        recipe(tmp_path, PurePosixPath("dockerfiles/1.0/Dockerfile"), text, {})

    assert str(raised.value).startswith(expected)
