import pytest

from orchestrator.errors import InputError, UnavailableError
from orchestrator.model.publishing.index import assemble
from orchestrator.tools.publish.contents import is_whole, patiently
from tests.tools.publish.family import PUBLIC, hold_image
from tests.tools.publish.memory import MemoryRegistry


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


async def test_an_index_is_whole_while_its_images_are_there() -> None:
    registry = MemoryRegistry()
    image = hold_image(registry, PUBLIC, "amd64", "new")
    index = assemble([image])

    assert await is_whole(PUBLIC, index, registry)
    del registry.documents[str(PUBLIC.at(image.image.digest))]
    assert not await is_whole(PUBLIC, index, registry)
