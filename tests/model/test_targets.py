from collections import Counter
from dataclasses import replace

import pytest

from orchestrator.errors import NothingSelectedError
from orchestrator.model.config import Config
from orchestrator.model.platforms import Platform
from orchestrator.model.targets import Matrix, Selection
from tests.samples import target
from tests.templates import shipped

CONFIG = Config.model_validate(
    {
        "image": "tool",
        "architectures": {"slim": ["s390x", "amd64"], "windowsservercore": ["windows-amd64"]},
        "exclude": [
            {"arch": "s390x", "version": ">=2.0", "reason": "too slow"},
            {"variant": "slim", "arch": "mips64le", "reason": "no such machine"},
            {"variant": "alpine", "version": "1.0", "reason": "never asked for"},
        ],
    }
)
FACTS = tuple(
    target(name).facts
    for name in (
        "2.0/trixie",
        "2.0/slim-trixie",
        "1.0/slim-trixie",
        "1.0/alpine3.24",
        "1.0/windows/windowsservercore-ltsc2025",
    )
)
# Of a base for several operating systems only the variant's own counts.
BASE_ARCHES = {"busybox:trixie": ("mips64le", "windows-amd64", "arm64v8", "amd64")}
MATRIX = Matrix.of(FACTS, CONFIG, base_arches=BASE_ARCHES)


def names(selection: Selection) -> list[str]:
    return [str(each) for each in MATRIX.select(selection)]


def problems(selection: Selection) -> tuple[str, ...]:
    with pytest.raises(NothingSelectedError) as caught:
        MATRIX.select(selection)
    return caught.value.problems


def test_a_target_is_named_by_line_variant_and_arch() -> None:
    one = target("3.14/slim-trixie@arm32v7")

    assert (str(one), one.platform) == ("3.14/slim-trixie@arm32v7", Platform("linux", "arm", "v7"))


def test_the_matrix_crosses_facts_with_configured_arches_or_those_of_the_base() -> None:
    assert [str(each) for each in MATRIX.targets] == [
        "2.0/trixie@amd64",
        "2.0/trixie@arm64v8",
        "2.0/trixie@mips64le",
        "2.0/slim-trixie@amd64",
        "1.0/slim-trixie@amd64",
        "1.0/slim-trixie@s390x",
        "1.0/windowsservercore-ltsc2025@windows-amd64",
    ]


def test_what_a_rule_leaves_out_is_kept_with_the_first_rule_that_does() -> None:
    assert [(str(each), rule.reason) for each, rule in MATRIX.excluded] == [
        ("2.0/slim-trixie@s390x", "too slow"),
        ("1.0/alpine3.24@amd64", "never asked for"),
        ("1.0/alpine3.24@arm64v8", "never asked for"),
        ("1.0/alpine3.24@mips64le", "never asked for"),
    ]


def test_the_shipped_image_has_258_builds() -> None:
    matrix = Matrix.of(shipped.all_facts(), shipped.config(), base_arches={})

    assert Counter(each.arch for each in matrix.targets) == {
        "amd64": 36,
        "arm32v5": 12,
        "arm32v6": 12,
        "arm32v7": 36,
        "arm64v8": 36,
        "i386": 36,
        "ppc64le": 36,
        "riscv64": 24,
        "s390x": 24,
        "windows-amd64": 6,
    }


def test_it_had_282_before_the_bases_of_debian_12_lost_two_arches() -> None:
    bookworm = ("amd64", "arm32v5", "arm32v7", "arm64v8", "i386", "ppc64le", "s390x")
    architectures = {**shipped.config().architectures, "bookworm": bookworm, "slim-bookworm": bookworm}
    config = shipped.config().model_copy(update={"architectures": architectures})

    matrix = Matrix.of(shipped.all_facts(), config, base_arches={})

    assert (len(matrix.targets), len(matrix.excluded)) == (282, 0)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), [str(each) for each in MATRIX.targets]),
        (Selection(arches=("all",), versions=("2.0",), variants=("slim",)), ["2.0/slim-trixie@amd64"]),
        (
            Selection(names=("1.0/slim-trixie", "2.0/trixie@arm64v8")),
            ["2.0/trixie@arm64v8", "1.0/slim-trixie@amd64", "1.0/slim-trixie@s390x"],
        ),
        (Selection(names=("1.0/slim-trixie",), arches=("s390x", "arm32v5")), ["1.0/slim-trixie@s390x"]),
        (Selection(versions=("1.0.1",), arches=("s390x",)), ["1.0/slim-trixie@s390x"]),
        (Selection(variants=("windows/windowsservercore-ltsc2025",)), ["1.0/windowsservercore-ltsc2025@windows-amd64"]),
        (
            Selection(variants=("windowsservercore", "trixie"), arches=("windows-amd64", "mips64le", "arm32v5")),
            ["2.0/trixie@mips64le", "1.0/windowsservercore-ltsc2025@windows-amd64"],
        ),
        (Selection(variants=("trixie",), arches=("amd64",)), ["2.0/trixie@amd64"]),
        (Selection(variants=("debian",), arches=("amd64",)), ["2.0/trixie@amd64"]),
    ],
)
def test_options_select(selection: Selection, expected: list[str]) -> None:
    assert names(selection) == expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (
            Selection(names=("2.0/slim-trixi",)),
            "no target '2.0/slim-trixi': did you mean 2.0/slim-trixie, 1.0/slim-trixie, 2.0/trixie?",
        ),
        (
            Selection(names=("1.0/slim-trixie@s390",)),
            "no target '1.0/slim-trixie@s390': "
            "did you mean 1.0/slim-trixie@s390x, 1.0/slim-trixie@amd64, 2.0/slim-trixie@amd64?",
        ),
        (Selection(names=("zzz",)), "no target 'zzz'; `orchestrator list` shows the targets"),
        (Selection(names=("2.0",)), "no target '2.0'; did you mean --version 2.0?"),
        (Selection(names=("slim",)), "no target 'slim'; did you mean --variant slim?"),
        (Selection(versions=("2.0", "2.1")), "no version '2.1': did you mean 2.0.1, 2.0?"),
        (Selection(variants=("slim", "alpin")), "no variant 'alpin': did you mean alpine, alpine3.24?"),
        (
            Selection(versions=("2.00",)),
            "nothing is selected by --version 2.00; no version '2.00': did you mean 2.0, 2.0.1?; "
            "`orchestrator list` shows the targets",
        ),
        (
            Selection(variants=("slim-trixy",)),
            "nothing is selected by --variant slim-trixy; no variant 'slim-trixy': did you mean slim-trixie?; "
            "`orchestrator list` shows the targets",
        ),
        (
            Selection(arches=("arm64",)),
            "nothing is selected by --arch arm64; no arch 'arm64': did you mean arm64v8, amd64?; "
            "`orchestrator list` shows the targets",
        ),
        (
            Selection(versions=("2.0",), variants=("slim",), arches=("s390x",)),
            "nothing is selected by --version 2.0 --variant slim --arch s390x (excluded: too slow); "
            "`orchestrator list` shows the targets",
        ),
        (
            Selection(versions=("1.0.1",), variants=("alpine",), arches=("all",)),
            "nothing is selected by --version 1.0.1 --variant alpine --arch all (excluded: never asked for); "
            "`orchestrator list` shows the targets",
        ),
        (
            Selection(names=("2.0/slim-trixie@s390x",)),
            "nothing is selected by 2.0/slim-trixie@s390x (excluded: too slow); `orchestrator list` shows the targets",
        ),
        (
            Selection(names=("2.0/trixie",), arches=("s390x",)),
            "nothing is selected by 2.0/trixie --arch s390x; `orchestrator list` shows the targets",
        ),
    ],
)
def test_selecting_nothing_says_what_comes_nearest(selection: Selection, expected: str) -> None:
    assert problems(selection) == (expected,)


def test_every_name_must_select_something() -> None:
    selection = Selection(names=("2.0/trixie@amd64", "2.1/trixie", "1.0/slim-trixie@s390x"), arches=("amd64",))

    assert problems(selection) == (
        "no target '2.1/trixie': did you mean 2.0/trixie, 2.0/slim-trixie, 1.0/slim-trixie?",
        "nothing is selected by 1.0/slim-trixie@s390x --arch amd64; `orchestrator list` shows the targets",
    )


def test_a_group_or_an_arch_that_the_image_does_without_is_no_typo() -> None:
    slim = replace(MATRIX, targets=tuple(each for each in MATRIX.targets if each.facts.variant.group == "slim"))

    assert slim.select(Selection(variants=("slim", "windowsservercore"), arches=("amd64", "riscv64"))) == tuple(
        each for each in slim.targets if each.arch == "amd64"
    )


def test_an_empty_matrix_says_that_nothing_is_selected() -> None:
    with pytest.raises(NothingSelectedError) as caught:
        replace(MATRIX, targets=(), excluded=()).select(Selection())

    assert caught.value.problems == ("nothing is selected by everything; `orchestrator list` shows the targets",)
