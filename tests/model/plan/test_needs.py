from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.plan.needs import in_order, needed_by, reached, waiting_for

# A house stands on its walls, both walls on one foundation, and the shed on nothing.
HOUSE: Mapping[str, list[str]] = {
    "roof": ["left wall", "right wall"],
    "left wall": ["foundation"],
    "right wall": ["foundation"],
    "shed": [],
    "foundation": [],
}


@pytest.mark.parametrize(
    ("needs", "order", "expected"),
    [
        ({}, [], ()),
        ({"a": [], "b": ["a"], "c": []}, ["a", "b", "c"], ("a", "b", "c")),
        ({"a": ["c"], "b": [], "c": []}, ["a", "b", "c"], ("b", "c", "a")),
        ({"a": ["b"], "b": ["c"]}, ["a", "b", "c"], ("c", "b", "a")),
        (HOUSE, list(HOUSE), ("shed", "foundation", "left wall", "right wall", "roof")),
    ],
)
def test_what_is_needed_comes_first_and_the_rest_in_the_given_order(
    needs: Mapping[str, list[str]], order: list[str], expected: tuple[str, ...]
) -> None:
    assert in_order(needs, order) == expected


@pytest.mark.parametrize(
    ("needs", "cycle"),
    [
        ({"a": ["a"]}, "a -> a"),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": []}, "a -> b -> c -> a"),
        ({"d": ["c"], "c": ["b"], "b": ["c"], "a": []}, "b -> c -> b"),
    ],
)
def test_a_cycle_is_shown(needs: Mapping[str, list[str]], cycle: str) -> None:
    with pytest.raises(ValueError, match=f"^{cycle}$"):
        in_order(needs, ["a", "b", "c", "d"])


@given(st.permutations(range(6)), st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_any_order_without_a_cycle_is_kept_where_it_may_be(order: list[int], pairs: set[tuple[int, int]]) -> None:
    needs = {name: [low for low, high in pairs if high == name and low < high] for name in range(6)}

    found = in_order(needs, order)

    assert sorted(found) == list(range(6))
    assert all(found.index(low) < found.index(name) for name, mine in needs.items() for low in mine)
    assert in_order(needs, found) == found


def test_all_that_is_needed_is_reached_however_far_away() -> None:
    assert reached(["left wall", "shed"], HOUSE) == {"left wall", "foundation", "shed"}
    assert reached([], HOUSE) == frozenset()


def test_who_needs_a_thing_is_told_apart_from_who_waits_for_it() -> None:
    assert needed_by(HOUSE) == {
        "left wall": ("roof",),
        "right wall": ("roof",),
        "foundation": ("left wall", "right wall"),
    }
    assert waiting_for(HOUSE) == {
        "left wall": ("roof",),
        "right wall": ("roof",),
        "foundation": ("roof", "left wall", "right wall"),
    }
