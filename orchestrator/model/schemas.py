"""JSON Schemas of the documents that people write, for editors and other tools."""

from typing import Any

from pydantic import BaseModel

from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config

DOCUMENTS: dict[str, type[BaseModel]] = {"orchestrator.yaml": Config, "versions.json": Catalog}
"""What is read into which model."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(document: str) -> dict[str, Any]:
    """The JSON Schema of a document by its name, one of DOCUMENTS; a document that we read fits it."""
    described: dict[str, Any] = _closed(DOCUMENTS[document].model_json_schema())
    return {"$schema": _DIALECT, **described, "title": document}


def _closed(node: Any) -> Any:
    """pydantic describes keys with a grammar by `patternProperties`, which alone lets every other key pass."""
    if isinstance(node, list):
        return [_closed(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in node else closed
