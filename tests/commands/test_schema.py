import json

import pytest
from click.testing import CliRunner

from orchestrator.commands.schema import command
from orchestrator.model.schemas import DOCUMENTS, schema


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_a_schema_is_printed_as_json(document: str) -> None:
    printed = CliRunner().invoke(command, [document], standalone_mode=False)

    assert json.loads(printed.output) == schema(document)


def test_without_a_name_it_is_that_of_the_configuration() -> None:
    printed = CliRunner().invoke(command, [], standalone_mode=False)

    assert json.loads(printed.output) == schema("orchestrator.yaml")


def test_an_unknown_document_is_refused_with_those_there_are() -> None:
    printed = CliRunner().invoke(command, ["other.json"])

    assert (printed.exit_code, "'orchestrator.yaml', 'versions.json'" in printed.output) == (2, True)
