"""Lists targets: their tags and architectures, and what is excluded or held by which rule."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, matrix
from orchestrator.commands.selecting import selects
from orchestrator.errors import ExitCode
from orchestrator.model.config import Departure, Exclusion
from orchestrator.model.facts import Facts
from orchestrator.model.targets import ALL, Selection, Target
from orchestrator.render.summary import amount, table


@click.command(name="list")
@selects(default_arch=ALL)
@click.option("--all", "show_all", is_flag=True, help="Also what is excluded or held, and why.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "matrix"]),
    default="text",
    help="How to print; matrix: one line of JSON with a job for each build, as CI systems take it.",
)
def command(
    invocation: Invocation,
    *,
    selected: Selection,
    show_all: bool,
    output_format: str,
) -> ExitCode:
    """List targets with their tags and architectures.

    \b
    Example: orchestrator list --variant slim --version 3.14
    Example: orchestrator list --arch arm64v8 --format matrix
    """
    project = Project.without_templates(invocation, may_be_expired=show_all)
    cells = run(matrix(invocation, project))
    chosen = cells.select(selected)
    arches_of: dict[Facts, list[str]] = {}
    for target in chosen:
        arches_of.setdefault(target.facts, []).append(target.arch)
    excluded = [cell for cell in cells.excluded if selected.takes(cell[0])] if show_all else []
    if output_format == "json":
        click.echo(json.dumps(_document(project, arches_of, excluded), indent=2))
    elif output_format == "matrix":
        click.echo(json.dumps({"include": [_matrix_entry(target) for target in chosen]}))
    else:
        click.echo(_text(project, arches_of), nl=False)
        if show_all:
            click.echo(_departures(arches_of, excluded, today=invocation.now().date()), nl=False)
    return ExitCode.DONE


def _document(
    project: Project, arches_of: Mapping[Facts, Sequence[str]], excluded: Sequence[tuple[Target, Exclusion]]
) -> dict[str, Any]:
    return {
        "schema": 1,
        "exit_code": int(ExitCode.DONE),
        "targets": [
            {
                "target": facts.name,
                "version": facts.version,
                "architectures": list(arches),
                "tags": list(project.tags[facts.line, facts.variant].simple),
                "shared_tags": list(project.tags[facts.line, facts.variant].shared),
                "hold": _reason(facts.hold) if facts.hold else None,
            }
            for facts, arches in arches_of.items()
        ],
        "excluded": [{"target": str(target), **_reason(rule)} for target, rule in excluded],
    }


def _matrix_entry(target: Target) -> dict[str, str]:
    """One job of a matrix of builds, as workflows of GitHub and its likes include them."""
    return {
        "target": str(target),
        "version": target.facts.version,
        "variant": target.facts.variant.name,
        "arch": target.arch,
        "platform": str(target.platform),
    }


def _reason(rule: Departure) -> dict[str, Any]:
    return {"reason": rule.reason, "until": rule.until.isoformat() if rule.until else None}


def _text(project: Project, arches_of: Mapping[Facts, Sequence[str]]) -> str:
    rows = [
        (facts.name, facts.version, " ".join(arches), ", ".join(project.tags[facts.line, facts.variant].all))
        for facts, arches in arches_of.items()
    ]
    builds = sum(len(arches) for arches in arches_of.values())
    total = f"{amount(len(rows), 'target')}, {amount(builds, 'build')}\n"
    return table(("target", "version", "architectures", "tags"), rows) + total


def _departures(arches_of: Iterable[Facts], excluded: Iterable[tuple[Target, Exclusion]], *, today: dt.date) -> str:
    """A table each of what is held and what is excluded, where there is any."""
    rules: dict[str, list[tuple[str, Departure]]] = {
        "held": [(f"{facts.name} at {facts.version}", facts.hold) for facts in arches_of if facts.hold],
        "excluded": [(str(target), rule) for target, rule in excluded],
    }
    tables = (
        table((title, "reason", "until"), [(name, rule.reason, _until(rule, today=today)) for name, rule in several])
        for title, several in rules.items()
        if several
    )
    return "".join(f"\n{each}" for each in tables)


def _until(rule: Departure, *, today: dt.date) -> str:
    if rule.until is None:
        return ""
    return f"ended on {rule.until}: delete it, or give it a later day" if rule.is_past(today) else f"until {rule.until}"
