"""What is wrong with a document: places, and our words for what pydantic finds there."""

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.model.characters import REFUSED, code_point

Loc = tuple[str | int, ...]
"""Keys and list positions from the top of a document down to a place."""

_SHOWN_LENGTH = 80
_MAX_SUMMED = 3
# Whatever stands before the @ of something like a URL or `user:word@host`.
_USERINFO = re.compile(r"(?<=//)[^/@\s]*@|[^/@\s:]+:[^/@\s]*@(?!sha256:)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong place and what is wrong with it; whoever knows the document's name adds the address."""

    loc: Loc
    text: str


def problems_of(error: ValidationError, model: type[BaseModel]) -> tuple[Problem, ...]:
    """Everything that pydantic found, in our words; `model` is what it was reading."""
    return tuple(_problem(details, model) for details in _found(error))


def summary_of(error: ValidationError, model: type[BaseModel]) -> str:
    """The first places that pydantic found wrong in a JSON document, by their pointers, in one sentence."""
    found = _found(error)
    first = [_problem(details, model) for details in found[:_MAX_SUMMED]]
    said = [f"{pointer(each.loc)}: {each.text}" if each.loc else each.text for each in first]
    if more := len(found) - len(first):
        said.append(f"and {more} more")
    return "; ".join(said)


def pointer(loc: Loc) -> str:
    """A place as a JSON pointer (RFC 6901): `/3.13/variants/1`; the whole document is the empty text."""
    return "".join(f"/{_escaped(str(step))}" for step in loc)


def shown(value: object) -> str:
    """A wrong value as a message may show it: short, on one line, without credentials."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case dt.date():
            return value.isoformat()
    text = _USERINFO.sub("***@", value) if isinstance(value, str) else value
    quoted = repr(text)
    return quoted if len(quoted) <= _SHOWN_LENGTH else f"{quoted[:_SHOWN_LENGTH]}..."


def nearest(word: str, known: Iterable[str]) -> str:
    """What to put behind a word that is not known: the nearest one that is, or all there are."""
    words = sorted(known)
    match difflib.get_close_matches(word, words, n=1):
        case [near]:
            return f"did you mean `{near}`?"
    return f"there are {', '.join(words)}"


_WORDING: dict[str, Callable[[ErrorDetails], str]] = {
    "bool_type": lambda e: f"expected true or false, got {shown(e['input'])}",
    "dict_type": lambda e: f"expected a mapping, got {shown(e['input'])}",
    "enum": lambda e: _one_of(e["ctx"]["expected"], e["input"]),
    "greater_than_equal": lambda e: f"expected {e['ctx']['ge']} or more, got {shown(e['input'])}",
    "int_type": lambda e: f"expected a whole number, got {shown(e['input'])}",
    "invalid-json-value": lambda e: f"expected text, a number, a list or a mapping, got {shown(e['input'])}",
    "json_invalid": lambda e: f"not JSON: {e['ctx']['error']}",
    "list_type": lambda e: f"expected a list, got {shown(e['input'])}",
    "literal_error": lambda e: _one_of(e["ctx"]["expected"], e["input"]),
    "missing": lambda _: "is missing",
    "model_attributes_type": lambda e: f"expected a mapping, got {shown(e['input'])}",
    "model_type": lambda e: f"expected a mapping, got {shown(e['input'])}",
    "none_required": lambda e: f"expected nothing, got {shown(e['input'])}",
    "string_too_short": lambda _: "expected some text, got none",
    "string_type": lambda e: f"expected text in quotes, got {shown(e['input'])}",
    "too_short": lambda _: "expected at least one entry, got none",
    "tuple_type": lambda e: f"expected a list, got {shown(e['input'])}",
    "value_error": lambda e: str(e["ctx"]["error"]),
}


def _one_of(expected: str, value: object) -> str:
    return f"expected {expected.replace(chr(39), '`')}, got {shown(value)}"


def _escaped(step: str) -> str:
    found = REFUSED.sub(lambda match: f"<{code_point(match[0])}>", step)
    return found.replace("~", "~0").replace("/", "~1")


def _found(error: ValidationError) -> list[ErrorDetails]:
    found = error.errors(include_url=False)
    return [details for details in found if not _follows_from_its_entries(details, found)]


def _follows_from_its_entries(details: ErrorDetails, found: Iterable[ErrorDetails]) -> bool:
    """pydantic does not count wrong entries, and then calls a list of them too short as well."""
    size = len(details["loc"])
    return details["type"] == "too_short" and any(
        len(other["loc"]) > size and other["loc"][:size] == details["loc"] for other in found
    )


def _problem(details: ErrorDetails, model: type[BaseModel]) -> Problem:
    # pydantic marks a wrong key of a mapping by a last step `[key]`.
    loc = details["loc"][:-1] if details["loc"][-1:] == ("[key]",) else details["loc"]
    if details["type"] == "extra_forbidden":
        return Problem(loc, f"unknown key; {nearest(str(loc[-1]), _keys(model, loc[:-1]))}")
    wording = _WORDING.get(details["type"])
    return Problem(loc, wording(details) if wording else details["msg"][:1].lower() + details["msg"][1:])


def _keys(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that a model knows at a place inside it."""
    here: Any = model
    for step in loc:
        here = here.model_fields[step].annotation if _is_model(here) else _inner(here)
    return list(here.model_fields) if _is_model(here) else []


def _inner(annotation: Any) -> Any:
    """What the entries of `dict[str, X]` and `tuple[X, ...]` are: X, without its annotations."""
    arguments = get_args(annotation)
    entry = arguments[1] if get_origin(annotation) is dict else arguments[0]
    return get_args(entry)[0] if hasattr(entry, "__metadata__") else entry


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
