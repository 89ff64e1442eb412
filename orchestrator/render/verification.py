"""What was found out about stored images, as text for people and as a document for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.errors import worst
from orchestrator.model.verification import REMEDIES, Part, Problem, Verification

_PLURALS = {Part.INDEX: "indexes"}


def verification_text(verifications: Sequence[Verification]) -> str:
    """Every image with its state, and below those of one place all that is wrong there."""
    return "".join(f"{line}\n" for each in verifications for line in _lines(each))


def verification_document(verifications: Sequence[Verification]) -> dict[str, Any]:
    """What `verify --format json` prints, schema 1."""
    return {
        "schema": 1,
        "exit_code": int(worst(each.code for each in verifications)),
        "places": [_place(each) for each in verifications],
    }


def _lines(verification: Verification) -> Iterator[str]:
    for problem in verification.problems:
        yield f"{problem.state} {problem.need.part} {problem.need.descriptor.digest} in {verification.place}"
        yield f"  needed by: {'; '.join(problem.need.needed_by)}"
        yield f"  problem: {problem.what}"
        yield f"  to do: {REMEDIES[problem.state]}"
    for name, digest in verification.images.items():
        yield f"{verification.place} {name} ({digest}): {_verdict(verification, name)}"
    counted = [
        f"{count} {_PLURALS.get(part, f'{part}s') if count != 1 else part}"
        for part in Part
        if (count := verification.proven.get(part, 0))
    ]
    looked = f"; layers seen, but not read without --deep: {verification.seen}" if verification.seen else ""
    yield f"proven: {', '.join(counted) or 'nothing'}, {verification.proven_bytes} bytes{looked}"


def _verdict(verification: Verification, name: str) -> str:
    states = {
        str(problem.state)
        for problem in verification.problems
        if any(words == name or words.startswith(f"{name} ") for words in problem.need.needed_by)
    }
    return ", ".join(sorted(states)) or "whole"


def _place(verification: Verification) -> dict[str, Any]:
    return {
        "place": verification.place,
        "images": dict(verification.images),
        "proven": {str(part): count for part, count in sorted(verification.proven.items())},
        "proven_bytes": verification.proven_bytes,
        "layers_seen": verification.seen,
        "problems": [_problem(problem) for problem in verification.problems],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "state": str(problem.state),
        "part": str(problem.need.part),
        "digest": problem.need.descriptor.digest,
        "needed_by": list(problem.need.needed_by),
        "problem": problem.what,
        "to_do": REMEDIES[problem.state],
        "exit_code": int(problem.code),
    }
