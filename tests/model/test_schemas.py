import json
from typing import Any

import pytest

from orchestrator.model.config import Config
from orchestrator.model.schemas import DOCUMENTS, schema


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_a_schema_is_plain_json_with_its_dialect_and_title(document: str) -> None:
    described = schema(document)

    assert json.loads(json.dumps(described)) == described
    assert (described["$schema"], described["title"]) == ("https://json-schema.org/draft/2020-12/schema", document)


def test_every_key_of_the_configuration_is_in_its_schema_and_no_other_may_be() -> None:
    described = schema("orchestrator.yaml")

    assert set(described["properties"]) == set(Config.model_fields)
    assert (described["required"], described["additionalProperties"]) == (["image"], False)


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_keys_with_a_grammar_let_no_other_key_pass(document: str) -> None:
    for node in _objects(schema(document)):
        assert "patternProperties" not in node or node["additionalProperties"] is False


def test_one_or_several_is_said_as_such() -> None:
    assert schema("orchestrator.yaml")["$defs"]["Exclusion"]["properties"]["variant"]["anyOf"][0]["type"] == "string"


def test_a_key_is_described_by_the_docstring_of_its_field_inherited_ones_too() -> None:
    exclusion = schema("orchestrator.yaml")["$defs"]["Exclusion"]["properties"]

    assert exclusion["arch"]["description"] == "The arches that it is about; all when left out."
    assert exclusion["reason"]["description"] == "Why, for people; `list --all` shows it."


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_every_key_is_described(document: str) -> None:
    silent = [
        f"{node.get('title')}.{key}"
        for node in _objects(schema(document))
        for key, described in node.get("properties", {}).items()
        if "description" not in described
    ]

    assert silent == []


def _objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for entry in node for found in _objects(entry)]
    if isinstance(node, dict):
        return [node, *(found for entry in node.values() for found in _objects(entry))]
    return []
