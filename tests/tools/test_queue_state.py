"""The memory in a registry that is none; many writers on a real one are in tests/integration."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import (
    ContractBrokenError,
    ExitCode,
    NotAuthorisedError,
    OrchestratorError,
    TagMovedError,
    UnavailableError,
)
from orchestrator.model.oci import Document
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.queue.failing_builds import Memory, Run, after
from orchestrator.model.queue.state import artifact, memory_of
from orchestrator.model.references import Reference, Repository
from orchestrator.model.repositories import Repositories
from orchestrator.tools.queue_state import read, record
from orchestrator.tools.registry.retry import RegistryUnavailableError
from orchestrator.tools.registry.sources import Source
from orchestrator.tools.registry.uploads import Outcome as Upload
from tests.fakes import FakeRegistry
from tests.samples import CONFIG, image_entry, index_document

REPOSITORIES = Repositories("registry.example", CONFIG)
PLACE = REPOSITORIES.queue_state("amd64")
NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
FAILED = Outcome("2.0/trixie@amd64", "amd64", "0a" * 32, Result.FAILED, ExitCode.BUILD_FAILED, "exit code: 7", log="l")
RUN = Run([FAILED], NOW)
OTHER = Run([replace(FAILED, target="1.0/trixie@amd64", build_id="0b" * 32)], NOW)
MEMORY = after({}, RUN)


class Overtaken(FakeRegistry):
    """Another run writes after the first look; as with the real client, what was not seen is not replaced."""

    async def put_blob(
        self, repository: Repository, digest: str, size: int, source: Source, *, mount_from: Sequence[Repository] = ()
    ) -> Upload:
        if not self.uploaded:
            self.documents[str(PLACE)] = artifact(after({}, OTHER))
        return await super().put_blob(repository, digest, size, source, mount_from=mount_from)

    async def put_document(self, reference: Reference, document: Document, *, instead_of: str | None = None) -> bool:
        there = self.documents.get(str(reference))
        if instead_of != (there.digest if there else ""):
            raise TagMovedError("another job was faster")
        return await super().put_document(reference, document, instead_of=instead_of)


async def no_sleep(_: float) -> None:
    """The pauses are for writers at the same time."""


async def recorded(run: Run, registry: FakeRegistry) -> list[str]:
    """What is said while a run is recorded."""
    with capture_logs() as logs:
        await record(run, REPOSITORIES, registry, sleep=no_sleep)
    return [entry["event"] for entry in logs if entry["log_level"] == "warning"]


async def test_a_registry_that_never_saw_a_failure_remembers_none() -> None:
    registry = FakeRegistry()

    assert (await read(PLACE, registry), registry.asked) == ({}, [str(PLACE)])


async def test_what_is_remembered_is_read() -> None:
    assert await read(PLACE, FakeRegistry({str(PLACE): artifact(MEMORY)})) == MEMORY


async def test_something_else_under_the_tag_is_taken_for_nothing_and_said() -> None:
    with capture_logs() as logs:
        found = await read(PLACE, FakeRegistry({str(PLACE): index_document(image_entry("linux/amd64"))}))

    assert (found, [entry["log_level"] for entry in logs]) == ({}, ["warning"])


async def test_a_damaged_document_is_taken_for_nothing() -> None:
    registry = FakeRegistry()
    registry.unreadable[str(PLACE)] = ContractBrokenError("not an image manifest or index")

    assert await read(PLACE, registry) == {}


@pytest.mark.parametrize("error", [RegistryUnavailableError("503", status=503), NotAuthorisedError("401")])
async def test_what_cannot_be_asked_is_not_taken_for_nothing(error: OrchestratorError) -> None:
    registry = FakeRegistry()
    registry.unreadable[str(PLACE)] = error

    with pytest.raises(type(error)):
        await read(PLACE, registry)


async def test_a_failure_is_written_and_looked_at_again() -> None:
    registry = FakeRegistry()

    said = await recorded(RUN, registry)

    assert memory_of(registry.documents[str(PLACE)]) == MEMORY
    assert (said, registry.written, registry.asked) == ([], [str(PLACE)], [str(PLACE)] * 2)


async def test_a_success_that_is_not_remembered_costs_one_question() -> None:
    registry = FakeRegistry({str(PLACE): artifact(after({}, OTHER))})

    await recorded(Run([replace(FAILED, result=Result.BUILT, code=ExitCode.DONE)], NOW), registry)

    assert (registry.asked, registry.written, registry.uploaded) == ([str(PLACE)], [], [])


async def test_a_success_that_is_remembered_as_a_failure_is_forgotten() -> None:
    registry = FakeRegistry({str(PLACE): artifact(MEMORY)})

    await recorded(Run([replace(FAILED, result=Result.BUILT, code=ExitCode.DONE)], NOW), registry)

    assert memory_of(registry.documents[str(PLACE)]) == {}


async def test_runs_without_news_ask_nothing() -> None:
    registry = FakeRegistry()
    lost = replace(FAILED, code=ExitCode.UNAVAILABLE)

    await recorded(Run([lost, replace(FAILED, result=Result.UP_TO_DATE)], NOW), registry)

    assert registry.asked == []


async def test_each_arch_has_a_memory_of_its_own() -> None:
    registry = FakeRegistry()
    s390x = replace(FAILED, target="2.0/trixie@s390x", arch="s390x", build_id="0c" * 32)

    await recorded(Run([FAILED, s390x], NOW), registry)

    assert {place: list(memory_of(document)) for place, document in registry.documents.items()} == {
        str(PLACE): [FAILED.build_id],
        str(REPOSITORIES.queue_state("s390x")): [s390x.build_id],
    }


@pytest.mark.parametrize("memory", [{}, after({}, Run(OTHER.outcomes, NOW - dt.timedelta(days=1)))])
async def test_what_another_run_wrote_in_between_is_kept(memory: Memory) -> None:
    registry = Overtaken({str(PLACE): artifact(memory)} if memory else {})

    said = await recorded(RUN, registry)

    assert memory_of(registry.documents[str(PLACE)]) == after(after({}, OTHER), RUN)
    assert (said, registry.written) == ([], [str(PLACE)])


async def test_what_another_run_wrote_over_ours_is_mended() -> None:
    registry = FakeRegistry()

    async def be_slower(_: float) -> None:
        if len(registry.written) == 1:
            registry.documents[str(PLACE)] = artifact(after({}, OTHER))

    await record(RUN, REPOSITORIES, registry, sleep=be_slower)

    assert memory_of(registry.documents[str(PLACE)]) == after(after({}, OTHER), RUN)


async def test_runs_that_never_stop_writing_are_not_waited_for() -> None:
    registry = FakeRegistry()

    async def always(_: float) -> None:
        del registry.documents[str(PLACE)]

    with capture_logs() as logs:
        await record(RUN, REPOSITORIES, registry, sleep=always)

    assert len(registry.written) == 8
    assert [entry["event"] for entry in logs] == ["queue: other runs keep writing, some failures may be forgotten"]


@pytest.mark.parametrize("error", [UnavailableError("503"), NotAuthorisedError("401"), ContractBrokenError("full")])
async def test_what_cannot_be_written_is_said_and_fails_nothing(error: OrchestratorError) -> None:
    registry = FakeRegistry()
    registry.failing[str(PLACE)] = error

    assert await recorded(RUN, registry) == ["queue: failures cannot be remembered"]


@pytest.mark.parametrize("outcome", [FAILED, replace(FAILED, result=Result.BUILT, code=ExitCode.DONE)])
async def test_a_tag_that_a_killed_registry_left_broken_is_written_again(outcome: Outcome) -> None:
    registry = FakeRegistry()
    registry.unreadable[str(PLACE)] = RegistryUnavailableError("500", status=500)
    registry.before_writing = lambda reference: registry.unreadable.clear()

    said = await recorded(Run([outcome], NOW), registry)

    assert said == ["queue: what failed before cannot be read, taken for nothing"]
    assert memory_of(registry.documents[str(PLACE)]) == after({}, Run([outcome], NOW))


async def test_what_cannot_be_read_is_not_written_over() -> None:
    registry = FakeRegistry()
    registry.unreadable[str(PLACE)] = RegistryUnavailableError("503", status=503)

    assert await recorded(RUN, registry) == ["queue: failures cannot be remembered"]
    assert registry.written == []
