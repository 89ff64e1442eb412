import pytest

from orchestrator.model.publishing.index import assemble
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import GENERATION
from tests.model.moving import live, member


@pytest.mark.parametrize(
    ("there", "expected"),
    [(Live(), ""), (Live(is_damaged=True), None), (live(member("amd64")), live(member("amd64")).digest)],
)
def test_a_move_counts_upon_what_was_seen(there: Live, expected: str | None) -> None:
    assert there.seen == expected


def test_a_generation_that_is_no_number_is_none() -> None:
    document = assemble([member("amd64")], annotations={GENERATION: "yesterday"})

    assert Live(document).generation is None
