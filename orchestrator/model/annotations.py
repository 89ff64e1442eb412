"""Pydantic annotations that our documents share; each checks what comes in and describes it in JSON Schema."""

import re
from collections.abc import Callable
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from orchestrator.model.problems import shown


class Text:
    """Text that `read` turns into a value, or refuses by ValueError; `schema` describes it."""

    def __init__(self, read: Callable[[str], Any], **schema: Any) -> None:
        self._read = read
        self._schema = schema

    @classmethod
    def matching(cls, grammar: re.Pattern[str], what: str) -> Self:
        """Text that fits a grammar as a whole; `what` says in an error what was expected."""

        def read(text: str) -> str:
            if not grammar.fullmatch(text):
                raise ValueError(f"{shown(text)} is not {what}")
            return text

        return cls(read, pattern=f"^{grammar.pattern}$")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def value(given: object) -> Any:
            if isinstance(given, str):
                return self._read(given)
            if isinstance(given, source):
                return given
            raise ValueError(f"expected text in quotes, got {shown(given)}")

        return core_schema.no_info_plain_validator_function(value, serialization=core_schema.to_string_ser_schema())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", **self._schema}


class OneOrMore:
    """For `tuple[X, ...]`: a single X may stand without its list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: [value] if isinstance(value, str) else value, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


class EachOnce:
    """For `tuple[X, ...]`: no two entries are equal."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "uniqueItems": True}

    @staticmethod
    def _checked(entries: tuple[Any, ...]) -> tuple[Any, ...]:
        if twice := sorted({str(entry) for entry in entries if entries.count(entry) > 1}):
            raise ValueError(f"{', '.join(twice)} stands there more than once; keep one")
        return entries
