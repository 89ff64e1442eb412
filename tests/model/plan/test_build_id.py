import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.plan.build_id import BuildInputs, build_id, canonical_json, is_parent_input, parent_input
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.references import is_digest

INPUTS = BuildInputs(
    dockerfile="4b" * 32,
    files={"entry.sh": f"{'0a' * 32}+x", "etc/tool.conf": "1c" * 32},
    platform=Platform("linux", "arm", "v7"),
    build_args={"GREETING": "grüß dich / \u2028", "OPTIMIZE": "no"},
    bases={"debian:trixie-slim": f"sha256:{'2d' * 32}", "tools:1": f"sha256:{'3e' * 32}"},
    builder="buildkit",
)

WORDS = st.text(max_size=5)
MAPS = st.dictionaries(WORDS, WORDS, max_size=4)
ANY_INPUTS = st.builds(
    BuildInputs,
    dockerfile=WORDS,
    files=MAPS,
    platform=st.sampled_from([arch.platform for arch in ARCHES.values()]),
    build_args=MAPS,
    bases=MAPS,
    builder=WORDS,
)


def test_the_id_of_given_inputs_never_changes() -> None:
    # Whoever changes the spelling rebuilds everything everywhere: that is what SCHEMA is for.
    assert build_id(INPUTS) == "c4332061f871333f69e68a2ce24adc5bd284cadc67be0a4ef1324c9252241650"


def test_a_parent_stands_there_by_its_build_id_and_is_never_taken_for_a_digest() -> None:
    parent = parent_input("4b" * 32)

    assert (parent, is_digest(parent)) == (f"build:{'4b' * 32}", False)
    assert [is_parent_input(value) for value in (parent, f"sha256:{'4b' * 32}", None)] == [True, False, False]


def test_the_spelling_is_sorted_compact_utf_8() -> None:
    assert canonical_json({"b": [1, None], "a": "ü/\u2028"}) == '{"a":"ü/\u2028","b":[1,null]}'.encode()


def test_a_number_that_is_none_has_no_spelling() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


@pytest.mark.parametrize(
    ("field", "others"),
    [
        ("dockerfile", ["", "4c" * 32]),
        (
            "files",
            [
                {},
                {"entry.sh": f"{'0a' * 32}+x"},
                {"entry.sh": "0a" * 32, "etc/tool.conf": "1c" * 32},
                {"Entry.sh": f"{'0a' * 32}+x", "etc/tool.conf": "1c" * 32},
            ],
        ),
        ("platform", [Platform("linux", "arm"), Platform("linux", "arm64", "v7"), Platform("windows", "arm", "v7")]),
        ("build_args", [{}, {"GREETING": "grüß dich / ", "OPTIMIZE": "no"}, {"GREETING": "no", "OPTIMIZE": "yes"}]),
        (
            "bases",
            [
                {},
                {"debian:trixie-slim": f"sha256:{'3e' * 32}", "tools:1": f"sha256:{'2d' * 32}"},
                {"debian:trixie": f"sha256:{'2d' * 32}", "tools:1": f"sha256:{'3e' * 32}"},
            ],
        ),
        ("builder", ["classic", ""]),
    ],
)
def test_every_input_changes_the_id(field: str, others: list[Any]) -> None:
    ids = [build_id(INPUTS), *(build_id(dataclasses.replace(INPUTS, **{field: other})) for other in others)]

    assert len(set(ids)) == len(ids)


def test_no_input_is_left_out() -> None:
    assert {field.name for field in dataclasses.fields(BuildInputs)} == {
        *("dockerfile", "files", "platform", "build_args", "bases", "builder")
    }


@given(ANY_INPUTS, st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(inputs: BuildInputs, random: Any) -> None:
    def shuffled(values: Any) -> dict[str, str]:
        items = list(values.items())
        random.shuffle(items)
        return dict(items)

    other = dataclasses.replace(
        inputs, files=shuffled(inputs.files), build_args=shuffled(inputs.build_args), bases=shuffled(inputs.bases)
    )

    assert build_id(other) == build_id(inputs)


@given(ANY_INPUTS, ANY_INPUTS)
def test_equal_ids_mean_equal_inputs(one: BuildInputs, other: BuildInputs) -> None:
    assert (build_id(one) == build_id(other)) == (one == other)


@given(st.dictionaries(WORDS, st.none() | st.booleans() | st.integers() | WORDS | MAPS, max_size=4))
def test_canonical_json_says_what_it_was_given(value: dict[str, Any]) -> None:
    assert json.loads(canonical_json(value)) == value
