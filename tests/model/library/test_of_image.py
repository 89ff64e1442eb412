from orchestrator.model.config import Config
from orchestrator.model.library import Library, LibraryEntry, Origin
from orchestrator.model.library.of_image import Committed, image_library
from orchestrator.model.tags import Tags
from tests.samples import target

CONFIG = Config(
    image="tool", git_url="https://example.com/x.git", git_fetch="refs/heads/main", maintainers=("One (@one)",)
)
COMMIT, OTHER = "0a" * 20, "0b" * 20


def test_an_entry_has_the_tags_arches_and_commit_of_its_target() -> None:
    names = ("2.0/trixie@s390x", "2.0/trixie@amd64", "2.0/windowsservercore-1@windows-amd64")
    targets = [target(name) for name in names]
    tags = {
        ("2.0", targets[0].facts.variant): Tags(("2.0-trixie",), ("2.0", "latest")),
        ("2.0", targets[2].facts.variant): Tags(("2.0-windowsservercore-1",), ("2.0",)),
    }
    committed = {
        "2.0/trixie": Committed("d/2.0/trixie", COMMIT),
        "2.0/windowsservercore-1": Committed("d/2.0/windows/windowsservercore-1", OTHER),
    }

    library = image_library(targets, tags, committed, config=CONFIG)

    origin = Origin(git_repo="https://example.com/x.git", git_fetch="refs/heads/main", builder="buildkit")
    assert library == Library(
        LibraryEntry(maintainers=("One (@one)",), origin=origin),
        (
            LibraryEntry(
                maintainers=("One (@one)",),
                tags=("2.0-trixie",),
                shared_tags=("2.0", "latest"),
                architectures=("amd64", "s390x"),
                origin=Origin(origin.git_repo, origin.git_fetch, COMMIT, "d/2.0/trixie", builder="buildkit"),
            ),
            LibraryEntry(
                maintainers=("One (@one)",),
                tags=("2.0-windowsservercore-1",),
                shared_tags=("2.0",),
                architectures=("windows-amd64",),
                origin=Origin(
                    origin.git_repo,
                    origin.git_fetch,
                    OTHER,
                    "d/2.0/windows/windowsservercore-1",
                    builder="classic",
                ),
                constraints=("windowsservercore-1",),
            ),
        ),
    )
