"""Reads what reports are about: whole reports, each for itself, or two images side by side."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.report_names import Names, Wanted, names
from orchestrator.errors import ExitCode, InputError, OrchestratorError, worst
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from orchestrator.model.report import Report
from orchestrator.model.report.diff import Diff, compared, pairs
from orchestrator.tools.image_packages import Packages
from orchestrator.tools.logs import log
from orchestrator.tools.report_images import NotAnImageError, ReportImages


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The reports that could be made, in the order of their names, and why the others could not."""

    reports: tuple[Report, ...]
    failed: tuple[tuple[Reference, OrchestratorError], ...]

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(problem for _, error in self.failed for problem in error.problems)

    @property
    def code(self) -> ExitCode:
        """The gravest failure; a tag that does not exist makes a run incomplete."""
        missing = [ExitCode.INCOMPLETE for report in self.reports if report.top is None]
        return worst([*missing, *(error.exit_code for _, error in self.failed)])


async def read_reports(invocation: Invocation, words: Sequence[str], *, is_all: bool, with_referrers: bool) -> Outcomes:
    """The reports of images, or of every tag of repositories; raises an OrchestratorError for words without meaning."""
    async with names(invocation) as known:
        wanted = await _wanted(known, words, is_all=is_all)
        reader = ReportImages(known.registry, with_referrers=with_referrers)
        found = await asyncio.gather(*(_report(each, reader) for each in wanted))
    reports: list[Report] = []
    failed: list[tuple[Reference, OrchestratorError]] = []
    for each, outcome in zip(wanted, found, strict=True):
        if isinstance(outcome, Report):
            reports.append(outcome)
        elif is_all and isinstance(outcome, NotAnImageError):
            # Repositories hold signatures and the like under tags of their own, of which nobody asked for a report.
            log.info("left out, as it is no image", name=each.name.short)
        else:
            failed.append((each.name, outcome))
    return Outcomes(tuple(reports), tuple(failed))


async def read_diff(invocation: Invocation, words: Sequence[str], *, platforms: frozenset[Platform]) -> Diff:
    """What differs between two images, on these platforms or, where none is named, on all; raises OrchestratorError."""
    async with names(invocation) as known:
        wanted = await asyncio.gather(*map(known.image, words))
        reader, packages = ReportImages(known.registry), Packages(known.registry)
        before, after = await asyncio.gather(*(reader.report(each.name, each.places) for each in wanted))
        if missing := [report.name.short for report in (before, after) if report.top is None]:
            raise InputError(*(f"{name}: there is no such image" for name in missing))
        every = [pair for pair in pairs(before, after) if not platforms or pair.is_for(platforms)]
        if not every:
            raise InputError("--platform: neither image has any of these; `orchestrator report` shows what they have")
        places = before.repository, after.repository
        inventories = await asyncio.gather(*(packages.of_pair(pair, *places) for pair in every))
    return Diff(before, after, tuple(map(compared, every, inventories)))


async def _wanted(known: Names, words: Sequence[str], *, is_all: bool) -> tuple[Wanted, ...]:
    """Every image that the words mean, once."""
    if not is_all:
        return tuple(dict.fromkeys(await asyncio.gather(*map(known.image, words))))
    if not words:
        return await known.own_image()
    found = await asyncio.gather(*map(known.repository, dict.fromkeys(words)))
    return tuple(dict.fromkeys(each for several in found for each in several))


async def _report(wanted: Wanted, reader: ReportImages) -> Report | OrchestratorError:
    try:
        return await reader.report(wanted.name, wanted.places)
    except OrchestratorError as error:
        return error
