from orchestrator.model.publishing.index import assemble
from orchestrator.tools.publish.contents import is_whole
from tests.tools.publish.family import PUBLIC, hold_image
from tests.tools.publish.memory import MemoryRegistry


async def test_an_index_is_whole_while_its_images_are_there() -> None:
    registry = MemoryRegistry()
    image = hold_image(registry, PUBLIC, "amd64", "new")
    index = assemble([image])

    assert await is_whole(PUBLIC, index, registry)
    del registry.documents[str(PUBLIC.at(image.image.digest))]
    assert not await is_whole(PUBLIC, index, registry)
