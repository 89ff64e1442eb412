from orchestrator.model.config import Config
from orchestrator.model.readme import PublishedTags
from orchestrator.model.references import Repository
from orchestrator.model.repositories import Repositories
from orchestrator.tools.published_tags import published_tags
from tests.fakes import FakeRegistry

TAGS = {
    "registry.example/library/tool": ("1.0", "latest"),
    "registry.example/big/tool": ("1.0",),
}


class TaggedRegistry(FakeRegistry):
    """Has repositories with tags, and notes which of them it is asked for."""

    async def tags(self, repository: Repository) -> tuple[str, ...]:
        self.asked.append(str(repository))
        return TAGS.get(str(repository), ())


async def test_each_repository_is_asked_once_for_its_tags() -> None:
    repositories = Repositories("registry.example", Config(image="tool", arch_namespaces={"s390x": "big"}))
    registry = TaggedRegistry()

    found = await published_tags(repositories, ("amd64", "s390x"), registry=registry)

    assert found == PublishedTags(frozenset({"1.0", "latest"}), {"amd64": frozenset(), "s390x": frozenset({"1.0"})})
    assert sorted(registry.asked) == [
        "registry.example/amd64/tool",
        "registry.example/big/tool",
        "registry.example/library/tool",
    ]
