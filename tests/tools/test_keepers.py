"""Manifests that get tags of their own, and writes that a registry refuses for a moment."""

import pytest

from orchestrator.errors import InputError, UnavailableError
from orchestrator.model.references import Repository
from orchestrator.tools.keepers import keep, keeper, patiently
from tests.fakes import FakeRegistry
from tests.samples import image_entry, index_document

DOCUMENT = index_document(image_entry("linux/amd64"))
PLACE = Repository("registry.example", "library/tool").at(DOCUMENT.digest)


def test_a_keeper_is_named_after_the_beginning_of_the_digest() -> None:
    assert str(keeper(PLACE)) == f"registry.example/library/tool:k-{DOCUMENT.digest[7:47]}"


async def test_what_is_there_gets_its_keeper() -> None:
    registry = FakeRegistry({str(PLACE): DOCUMENT})

    await keep(PLACE, registry)

    assert registry.documents == {str(PLACE): DOCUMENT, str(keeper(PLACE)): DOCUMENT}


async def test_what_is_not_there_gets_none() -> None:
    registry = FakeRegistry()

    await keep(PLACE, registry)

    assert registry.written == []


class Work:
    """Fails so many times."""

    def __init__(self, error: Exception, *, times: int) -> None:
        self.error = error
        self.times = times
        self.done = 0
        self.slept: list[float] = []

    async def __call__(self) -> None:
        self.done += 1
        if self.done <= self.times:
            raise self.error

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize(("times", "slept"), [(0, []), (1, [0.2]), (3, [0.2, 0.5, 1.0])])
async def test_what_a_registry_does_not_see_for_a_moment_is_written_again(times: int, slept: list[float]) -> None:
    work = Work(InputError("400 (MANIFEST_BLOB_UNKNOWN)"), times=times)

    await patiently(work, sleep=work.sleep)

    assert (work.done, work.slept) == (times + 1, slept)


@pytest.mark.parametrize(
    ("error", "tried"), [(InputError("400 (MANIFEST_BLOB_UNKNOWN)"), 4), (UnavailableError("503"), 1)]
)
async def test_what_stays_refused_is_refused(error: Exception, tried: int) -> None:
    work = Work(error, times=10)

    with pytest.raises(type(error)):
        await patiently(work, sleep=work.sleep)

    assert work.done == tried
