import pytest
from structlog.testing import capture_logs

from orchestrator.errors import ContractBrokenError, InputError, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.publishing.journal import Entry
from orchestrator.tools.publish import journals
from tests.samples import image_entry, index_document, journal
from tests.tools.publish.family import JOURNALS, PUBLIC
from tests.tools.publish.memory import MemoryRegistry

ONE = journal("20260131T120000Z-0123abcd")
TWO = journal("20260201T120000Z-00000000")
THREE = journal("20260201T120001Z-00000000")
ENTRY = Entry(PUBLIC.tagged("2.0"), "", digest_of(b"1"), is_done=True)


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


async def test_a_journal_is_found_by_its_run_as_it_was_written_last(registry: MemoryRegistry) -> None:
    await journals.write(ONE, JOURNALS, registry)
    await journals.write(ONE.with_entries([ENTRY]), JOURNALS, registry)

    assert await journals.of_run(ONE.run, JOURNALS, registry) == ONE.with_entries([ENTRY])


async def test_the_last_runs_come_first_whatever_the_order_of_the_list(registry: MemoryRegistry) -> None:
    for each in (TWO, ONE, THREE):
        await journals.write(each, JOURNALS, registry)
    registry.hold(JOURNALS, index_document(), "latest")

    assert await journals.latest(JOURNALS, registry, limit=10) == (THREE, TWO, ONE)
    assert await journals.latest(JOURNALS, registry, limit=2) == (THREE, TWO)


async def test_a_run_whose_journal_is_damaged_does_not_hide_the_others(registry: MemoryRegistry) -> None:
    for each in (ONE, TWO, THREE):
        await journals.write(each, JOURNALS, registry)
    registry.hold_blob(JOURNALS, TWO.artifact.layers[0].digest, b"")

    found, errors = await journals.readable(JOURNALS, registry, limit=10)

    assert (found, list(errors)) == ((THREE, ONE), [TWO.run])
    with pytest.raises(ContractBrokenError, match=TWO.run):
        await journals.latest(JOURNALS, registry, limit=10)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("latest", "'latest' is not a run; write it like 20260131T120000Z-0123abcd, `orchestrator history` has them"),
        (ONE.run, f"there is no run {ONE.run} in {JOURNALS}; `orchestrator history` has those there are"),
    ],
)
async def test_a_run_that_there_is_none_of_is_wrong_input(registry: MemoryRegistry, run: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        await journals.of_run(run, JOURNALS, registry)

    assert str(caught.value) == expected


async def test_what_is_no_journal_is_out_of_contract(registry: MemoryRegistry) -> None:
    registry.hold(JOURNALS, index_document(image_entry("linux/amd64")), ONE.run)
    with pytest.raises(ContractBrokenError, match="expected the journal of a run"):
        await journals.of_run(ONE.run, JOURNALS, registry)

    registry.hold(JOURNALS, ONE.artifact, ONE.run)
    registry.hold_blob(JOURNALS, ONE.artifact.layers[0].digest, b"{}")
    with pytest.raises(ContractBrokenError, match="not the journal of a run: /"):
        await journals.of_run(ONE.run, JOURNALS, registry)


async def test_a_journal_that_cannot_be_completed_is_only_worth_a_warning(registry: MemoryRegistry) -> None:
    registry.failing[str(JOURNALS.tagged(ONE.run))] = UnavailableError("503")

    with capture_logs() as logs:
        await journals.complete(ONE, JOURNALS, registry)

    assert [(line["event"], line["run"], line["problem"]) for line in logs] == [
        ("the journal cannot be completed", ONE.run, "503")
    ]


async def test_the_first_run_brings_the_empty_configuration_too(registry: MemoryRegistry) -> None:
    assert await journals.writes(JOURNALS, registry) == {"POST": 3, "PUT": 5}

    await journals.write(ONE, JOURNALS, registry)

    assert await journals.writes(JOURNALS, registry) == {"POST": 2, "PUT": 4}
