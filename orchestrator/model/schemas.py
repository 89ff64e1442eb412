"""JSON Schemas of the documents that people write, for editors and other tools."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config

DOCUMENTS: dict[str, type[BaseModel]] = {"orchestrator.yaml": Config, "versions.json": Catalog}
"""What is read into which model."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(document: str) -> dict[str, Any]:
    """The JSON Schema of a document by its name, one of DOCUMENTS; a document that we read fits it."""
    described: dict[str, Any] = _closed(DOCUMENTS[document].model_json_schema(schema_generator=_Described))
    return {"$schema": _DIALECT, **described, "title": document}


class _Described(GenerateJsonSchema):
    """Describes keys by the docstrings below their fields.

    pydantic can do that by itself, but it would read the source of each model at every start, whatever the verb is.
    """

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        if "properties" not in made:
            return made
        ours = [each for each in schema["cls"].__mro__ if each.__module__.startswith(f"{__package__}.")]
        texts = {name: text for each in reversed(ours) for name, text in _docstrings(each)}
        for name, described in made["properties"].items():
            if name in texts:
                described.setdefault("description", texts[name])
        return made


def _docstrings(of: type) -> Iterator[tuple[str, str]]:
    """Each field that a model declares with a string behind it, and the string."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    for field, below in pairwise(ast.iter_child_nodes(declared)):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)


def _closed(node: Any) -> Any:
    """pydantic describes keys with a grammar by `patternProperties`, which alone lets every other key pass."""
    if isinstance(node, list):
        return [_closed(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in node else closed
