"""Needs: what follows from which things need which others."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

_T = TypeVar("_T", bound=Hashable)


def in_order(needs: Mapping[_T, Collection[_T]], order: Sequence[_T]) -> tuple[_T, ...]:
    """Everything in `needs`, each after all that it needs, otherwise as `order` has it, which names everything.

    Raises ValueError that shows a cycle.
    """
    rank = {name: number for number, name in enumerate(order)}
    # Of several cycles the same one is told each time.
    sorter = TopologicalSorter({name: needs[name] for name in sorted(needs, key=rank.__getitem__)})
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(" -> ".join(map(str, reversed(error.args[1])))) from error
    ready: list[int] = []
    found: list[_T] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, rank[name])
        found.append(order[heapq.heappop(ready)])
        sorter.done(found[-1])
    return tuple(found)


def reached(starts: Iterable[_T], needs: Mapping[_T, Collection[_T]]) -> frozenset[_T]:
    """The starts, all that they need, what that needs, and so on."""
    found: set[_T] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs.get(name, ())
    return frozenset(found)


def needed_by(needs: Mapping[_T, Collection[_T]]) -> Mapping[_T, tuple[_T, ...]]:
    """By each thing that is needed those that need it themselves, in their order."""
    return _inverted(needs)


def waiting_for(needs: Mapping[_T, Collection[_T]]) -> Mapping[_T, tuple[_T, ...]]:
    """By each thing that is needed all that cannot be had without it, however far away, in their order."""
    return _inverted({name: reached(mine, needs) for name, mine in needs.items() if mine})


def _inverted(needs: Mapping[_T, Collection[_T]]) -> Mapping[_T, tuple[_T, ...]]:
    found: dict[_T, list[_T]] = defaultdict(list)
    for name, mine in needs.items():
        for each in mine:
            found[each].append(name)
    return {each: tuple(several) for each, several in found.items()}
