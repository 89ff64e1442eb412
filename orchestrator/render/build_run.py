"""What one run of `build` did, as text for people and as a document for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.model.build_run import BuildRun
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan.document import plan_entries
from orchestrator.render.moves import moves_document, moves_text
from orchestrator.render.summary import amount, failure_text, outcomes_text, plan_text


def build_run_document(run: BuildRun) -> dict[str, Any]:
    """What `build --format json` prints, schema 1."""
    return {
        "schema": 1,
        "exit_code": int(run.code),
        "plan": plan_entries(run.plan),
        "builds": [asdict(outcome) for outcome in run.outcomes],
        "tags": moves_document(run.moved),
        "loaded": list(run.loaded),
        "unwritten": list(run.unwritten),
    }


def build_run_text(run: BuildRun) -> str:
    """What was done, what failed and how to repeat it, which tags moved; the plan where nothing was to be done."""
    if not run.outcomes:
        return plan_text(run.plan)
    builds = {str(build.target): build for build in run.plan.builds}
    ran = [outcome for outcome in run.outcomes if outcome.result is not Result.UP_TO_DATE]
    failed = [outcome for outcome in ran if outcome.detail and outcome.result is not Result.NOT_RUN]
    parts = (
        _outcomes_text(run.outcomes, ran),
        *(failure_text(outcome, builds.get(outcome.target)) for outcome in failed),
        moves_text(run.moved) if run.moved else "",
        "".join(f"loaded {name}\n" for name in run.loaded),
        "".join(f"not written: {problem}\n" for problem in run.unwritten),
    )
    return "\n".join(filter(None, parts))


def _outcomes_text(outcomes: Sequence[Outcome], ran: Sequence[Outcome]) -> str:
    """What was done, one build a line; those that were up to date are only counted."""
    if not ran:
        return f"nothing to do: {amount(len(outcomes), 'build')} {'is' if len(outcomes) == 1 else 'are'} up to date\n"
    counts = Counter(str(outcome.result) for outcome in outcomes)
    total = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
    return f"{outcomes_text(ran)}builds: {total}\n{_untested_text(ran)}"


def _untested_text(ran: Sequence[Outcome]) -> str:
    """How many images no smoke test has seen, once for each reason."""
    reasons = Counter(outcome.untested for outcome in ran if outcome.untested)
    return "".join(f"smoke tests not run for {count}: {reason}\n" for reason, count in sorted(reasons.items()))
