import pytest

from orchestrator.model.publishing.lint import lint
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import Publication
from tests.model.moving import old, publication
from tests.samples import index_document


@pytest.mark.parametrize(
    ("wanted", "there", "expected"),
    [
        (publication("amd64", version="2.0.1"), old("amd64", version="2.0.0"), ()),
        (
            publication("amd64", "s390x", version="2.0.1"),
            old("amd64", "s390x", version="2.0.2"),
            ("goes back from 2.0.2 to 2.0.1 on linux/amd64, linux/s390x",),
        ),
        (
            publication("amd64", version="2.0.0rc1", name="2.0-rc/trixie", tag="2.0-rc"),
            old("amd64", version="2.0.0"),
            ("goes back from 2.0.0 to 2.0.0rc1 on linux/amd64",),
        ),
        (
            publication("amd64", is_exact=True, tag="2.0.1"),
            old("amd64", version="2.0.0"),
            ("an exact tag goes from 2.0.0 to 2.0.1 on linux/amd64",),
        ),
        (publication("amd64", version="2.0.0b3", tag="latest"), Live(), ("names the pre-release 2.0.0b3",)),
        (publication("amd64", version="2.0.0b3", tag="2.0"), Live(), ("names the pre-release 2.0.0b3",)),
        (publication("amd64", version="2.0.0b3", name="2.0-rc/trixie", tag="2.0-rc-trixie"), Live(), ()),
        (publication("amd64", version="2.0.0b3", tag="2.0.0b3", is_exact=True), Live(), ()),
        (publication("amd64"), Live(index_document()), ("what it named is no image",)),
        (
            publication("amd64"),
            Live(is_damaged=True),
            ("the registry could not read what it named, so nobody can say what it had",),
        ),
    ],
)
def test_what_looks_like_a_mistake_is_said(wanted: Publication, there: Live, expected: tuple[str, ...]) -> None:
    assert tuple(lint(wanted, there)) == expected
