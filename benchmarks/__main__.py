"""Runs the benchmarks: `python -m benchmarks [NAME..]`, or `make bench`, which writes the table in README.md."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import builds, planning, publishing, starting
from benchmarks.machine import machine
from benchmarks.measuring import BenchmarkError
from benchmarks.place import ROOT, place
from benchmarks.results import Results, Row, document, markdown
from docs.marked import placed
from orchestrator.tools.logs import log


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    rounds: int
    long_seconds: int
    plans: tuple[int, ...]


FULL = Sizes(rounds=3, long_seconds=60, plans=(300, 3_000, 10_000))
QUICK = Sizes(rounds=1, long_seconds=5, plans=(300, 3_000))


def _builds(sizes: Sizes) -> Iterator[Row]:
    with place() as where:
        yield from builds.rows(where, rounds=sizes.rounds, long_seconds=sizes.long_seconds)


def _publishing(sizes: Sizes) -> Iterator[Row]:
    with place() as where:
        yield from publishing.rows(where, rounds=sizes.rounds)


BENCHMARKS: Mapping[str, Callable[[Sizes], Iterator[Row]]] = {
    "builds": _builds,
    "planning": lambda sizes: planning.rows(sizes.plans, rounds=sizes.rounds),
    "publishing": _publishing,
    "starting": lambda sizes: starting.rows(rounds=sizes.rounds),
}


def main() -> int:
    """Run what is asked for, print the table, and write out/bench.json; everything in full goes to README.md, too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, and once; README.md stays as it is")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(BENCHMARKS)):
        parser.error(f"there is no benchmark {', '.join(unknown)}, only {', '.join(BENCHMARKS)}")
    log.configure(as_json=False, verbose=False)
    try:
        results = Results(machine(), _rows(options.names or list(BENCHMARKS), QUICK if options.quick else FULL))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(markdown(results), end="")
    _write(results, is_whole=not (options.names or options.quick))
    return 0


def _rows(names: Sequence[str], sizes: Sizes) -> tuple[Row, ...]:
    found: list[Row] = []
    for name in names:
        for row in BENCHMARKS[name](sizes):
            # It takes a while, so each is told when it is known.
            print(f"bench: {row.what}: {row.ours.seconds:.2f} s", file=sys.stderr)
            found.append(row)
    return tuple(found)


def _write(results: Results, *, is_whole: bool) -> None:
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps(document(results), indent=2) + "\n", encoding="utf-8")
    if is_whole:
        readme = ROOT / "README.md"
        readme.write_text(placed(readme.read_text(encoding="utf-8"), markdown(results), by="bench"), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
