"""What an index in staging remembers comes back as it was, and whatever else stands there is nothing."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.plan.build_id import BuildInputs
from orchestrator.model.plan.kept_inputs import ANNOTATION, MAX_BYTES, KeptInputs
from orchestrator.model.platforms import Platform

TEXT = "FROM busybox:trixie\nRUN echo grün\n"
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MAPS = st.dictionaries(WORDS, WORDS, max_size=3)


def kept(text: str = TEXT, **changes: Any) -> KeptInputs:
    inputs = BuildInputs(
        dockerfile=hashlib.sha256(text.encode()).hexdigest(),
        files={"motd": "a" * 64},
        platform=Platform("linux", "arm", "v7"),
        build_args={"OPTIMIZE": "yes"},
        bases={"busybox:trixie": f"sha256:{'b' * 64}"},
        builder="buildkit",
    )
    return KeptInputs(replace(inputs, **changes), text)


def noise(length: int) -> str:
    """Text that cannot be compressed by much."""
    return random.Random(1).randbytes(length // 2).hex()


def told(**changes: Any) -> Mapping[str, str]:
    """The annotation with some of its keys replaced."""
    return {ANNOTATION: json.dumps({**json.loads(kept().annotations[ANNOTATION]), **changes})}


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), files=MAPS, build_args=MAPS, bases=MAPS)
def test_what_is_kept_comes_back(text: str, files: Any, build_args: Any, bases: Any) -> None:
    one = kept(text, files=files, build_args=build_args, bases=bases)

    assert KeptInputs.of(one.annotations) == one


def test_a_small_dockerfile_can_be_read_in_the_annotation() -> None:
    assert json.loads(kept().annotations[ANNOTATION])["dockerfile"] == {
        "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        "text": TEXT,
    }


def test_equal_inputs_have_equal_bytes_in_whatever_order_they_came() -> None:
    one, other = kept(files={"a": "1", "b": "2"}), kept(files={"b": "2", "a": "1"})

    assert one.annotations == other.annotations


def test_a_long_dockerfile_is_compressed() -> None:
    one = kept("RUN the same again\n" * 10_000)

    assert len(one.annotations[ANNOTATION]) < 5_000
    assert KeptInputs.of(one.annotations) == one


def test_of_a_dockerfile_that_is_too_long_only_the_hash_is_kept() -> None:
    one = kept(noise(3 * MAX_BYTES))

    assert KeptInputs.of(one.annotations) == KeptInputs(one.inputs, "")


def test_inputs_that_are_too_many_are_not_kept() -> None:
    assert kept(files={f"file{number}": "a" * 64 for number in range(20_000)}).annotations == {}


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {ANNOTATION: ""},
        {ANNOTATION: "[]"},
        {ANNOTATION: '{"schema": 1}'},
        told(schema=2),
        told(schema="1"),
        told(more="yes"),
        told(platform="nothing"),
        told(files={"motd": 7}),
        told(dockerfile={"sha256": "0" * 64, "text": TEXT}),
        told(dockerfile={"sha256": "0" * 64, "zlib": "no base64"}),
        told(dockerfile={"sha256": "0" * 64, "zlib": "AAAA"}),
    ],
)
def test_what_cannot_be_compared_is_nothing(annotations: Mapping[str, str]) -> None:
    assert KeptInputs.of(annotations) is None
