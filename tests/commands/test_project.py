from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from orchestrator.commands.project import Project, Registries
from orchestrator.commands.project import matrix as whole_matrix
from orchestrator.errors import InputError
from orchestrator.model.plan.repeat import Told
from tests.commands.image import CONFIG, image, invocation
from tests.fakes import FakeRegistry


def test_a_project_is_read_and_rendered_in_memory(tmp_path: Path) -> None:
    project = Project.read(invocation(image(tmp_path)))

    assert [facts.name for facts in project.facts] == ["2.0/trixie", "2.0/slim-trixie", "1.0/trixie"]
    assert sorted(map(str, project.tree)) == [
        "1.0/trixie/Dockerfile",
        "2.0/slim-trixie/Dockerfile",
        "2.0/trixie/Dockerfile",
    ]
    assert not (tmp_path / "dockerfiles").exists()


async def test_with_architectures_in_the_configuration_no_registry_is_asked(tmp_path: Path) -> None:
    given = invocation(image(tmp_path))
    project = Project.read(given)

    matrix = await whole_matrix(given, project)

    assert [str(target) for target in matrix.targets] == [
        "2.0/trixie@amd64",
        "2.0/trixie@s390x",
        "2.0/slim-trixie@amd64",
        "1.0/trixie@amd64",
    ]


def test_bases_whose_architectures_are_left_open_are_named_once(tmp_path: Path) -> None:
    config = CONFIG.replace("architectures: {debian: [amd64, s390x], slim: [amd64]}", "architectures: {slim: [amd64]}")

    project = Project.read(invocation(image(tmp_path, config=config)))

    assert project.open_bases == ("debian:trixie",)
    assert [str(target) for target in project.matrix({"debian:trixie": ("i386",)}).targets] == [
        "2.0/trixie@i386",
        "2.0/slim-trixie@amd64",
        "1.0/trixie@i386",
    ]


ON_PARENTS = CONFIG.replace('slim: "debian:{release}-slim"', 'slim: "tool:{line}-{release}"')


def test_variants_that_stand_on_a_parent_have_its_architectures_and_no_registry_is_asked(tmp_path: Path) -> None:
    config = ON_PARENTS.replace("slim: [amd64]}", "alpine: [amd64]}").replace('"<2"', '"<3"')

    project = Project.read(invocation(image(tmp_path, config=config)))

    assert project.open_bases == ()
    # The rule that keeps s390x from the parent keeps it from those that stand on it.
    assert [str(target) for target in project.matrix({}).targets] == [
        "2.0/trixie@amd64",
        "2.0/slim-trixie@amd64",
        "1.0/trixie@amd64",
    ]


def test_recipes_are_read_for_what_is_wanted_only(tmp_path: Path) -> None:
    given = invocation(image(tmp_path))
    template = tmp_path / "templates" / "dockerfile" / "slim.j2"
    template.write_text(template.read_text() + "COPY motd /etc/\n")
    project = Project.read(given)
    wanted = project.facts[1]
    context = tmp_path / "dockerfiles" / "2.0" / "slim-trixie"
    context.mkdir(parents=True)
    (context / "motd").touch()
    (context / "notes").touch()

    [(name, recipe)] = project.recipes(given, [wanted]).items()

    assert (name, recipe.directory, list(recipe.files), [image.short for image in recipe.images]) == (
        "2.0/slim-trixie",
        PurePosixPath("dockerfiles/2.0/slim-trixie"),
        ["motd"],
        ["debian:trixie-slim"],
    )


def test_build_arguments_of_a_run_come_before_those_of_the_configuration(tmp_path: Path) -> None:
    config = CONFIG + 'build_args: {OPTIMIZE: "yes", LTO: "yes"}\n'

    project = Project.read(invocation(image(tmp_path, config=config)), build_args=["OPTIMIZE=no", "EMPTY=", "EQ=a=b"])

    assert project.build_args == {"OPTIMIZE": "no", "LTO": "yes", "EMPTY": "", "EQ": "a=b"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("OPTIMIZE", "--build-arg OPTIMIZE: expected NAME=VALUE"),
        ("=x", "--build-arg: '' is not the name of a build argument"),
        ("NPM_TOKEN=x", "--build-arg: NPM_TOKEN: a build argument is public in the image's history; "),
        ("LATIN=\udce9", "--build-arg LATIN: its value is not UTF-8"),
    ],
)
def test_a_wrong_build_argument_is_refused_and_its_value_not_told(tmp_path: Path, word: str, expected: str) -> None:
    with pytest.raises(InputError) as raised:
        Project.read(invocation(image(tmp_path)), build_args=[word])

    assert str(raised.value).startswith(expected)


def test_two_targets_that_would_share_a_tag_are_refused(tmp_path: Path) -> None:
    project = Project.read(invocation(image(tmp_path)))
    tags = {key: replace(each, shared=("same",)) for key, each in project.tags.items()}

    with pytest.raises(InputError, match=r"tag same: 2.0/trixie and 2.0/slim-trixie and 1.0/trixie would all"):
        replace(project, tags=tags).matrix({})


def test_an_exclusion_that_has_ended_is_named_by_its_line(tmp_path: Path) -> None:
    given = invocation(image(tmp_path, config=CONFIG.replace("until: 2027-01-31", "until: 2025-12-31")))

    with pytest.raises(InputError) as raised:
        Project.read(given)

    assert raised.value.problems == (
        "orchestrator.yaml:7: exclude/0/until: the exclusion ended on 2025-12-31 (too old for it); "
        "delete it, or give it a later day",
    )
    assert Project.read(given, may_be_expired=True).config.exclude


def test_what_repeating_a_build_takes_is_what_the_run_was_told_otherwise_than_the_configuration(
    tmp_path: Path,
) -> None:
    root = image(tmp_path, config=f"{CONFIG}build_args: {{A: '1', B: '1'}}\n")
    overrides = {"registry": "127.0.0.1:5000", "mirrors": "docker.io=local"}
    given = replace(invocation(root), overrides=overrides, folder="images/tool")
    project = Project.read(given, build_args=["A=1", "B=2", "C=3"])

    opened = Registries(given, project, FakeRegistry(), {})

    assert opened.told(emulate=True) == Told(
        registry="127.0.0.1:5000",
        mirrors="docker.io=local",
        build_args={"B": "2", "C": "3"},
        emulate=True,
        folder="images/tool",
        has_makefile=False,
    )
