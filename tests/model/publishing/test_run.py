from orchestrator.errors import ExitCode
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.publication import Publication
from orchestrator.model.publishing.run import PublishRun
from orchestrator.model.references import Reference
from tests.samples import journal

PUBLICATION = Publication(Reference.parse("registry.example/library/tool:2.0"), (), (), (), frozenset())


def test_the_worst_tag_decides() -> None:
    codes = (ExitCode.DONE, ExitCode.PUBLISH_REFUSED, ExitCode.UNAVAILABLE)

    run = PublishRun(tuple(Moved(PUBLICATION, Move.FAILED, code=code) for code in codes), journal(), {})

    assert run.code is ExitCode.PUBLISH_REFUSED
    assert PublishRun((), journal(), {}).code is ExitCode.DONE
