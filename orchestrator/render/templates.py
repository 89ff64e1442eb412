"""The template engine: Jinja2 without access to anything but the templates and the values that it is given."""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.errors import InputError

# Text that means itself to Dockerfiles, to sh and to PowerShell, so that a value can never become a command.
_PLAIN = re.compile(r"[A-Za-z0-9 _./:@+=,%-]*")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# What expressions of a template raise besides Jinja's own errors.
_EXPRESSION_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

Rendering = Callable[[str, Mapping[str, Any]], str]


class Prepared(str):
    """Text that is printed as it stands: a word in quotes, or a part of a file that was written out already."""

    __slots__ = ()


def rendering(templates: Mapping[str, str], *, folder: str) -> Rendering:
    """A function that renders a template, by its name, with values; each template is compiled once.

    `folder` is where the templates are kept; errors name it. The function raises InputError, one problem that starts
    with `folder/template:line: `, for whatever is wrong with a template or the values that it prints.
    """

    def load(name: str) -> tuple[str, str, None] | None:
        return (templates[name], f"{folder}/{name}", None) if name in templates else None

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        finalize=_printed,
        autoescape=False,  # what we write is not HTML; `_printed` guards what stands in commands
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        cache_size=-1,
    )
    # Chance and generated filler have no place in generated files.
    environment.globals.clear()
    del environment.filters["random"]
    environment.filters["quote"] = _quoted

    def render(name: str, values: Mapping[str, Any]) -> str:
        try:
            return environment.get_template(name).render(values)
        except (TemplateError, *_EXPRESSION_ERRORS) as error:
            raise InputError(f"{_place(error, folder) or f'{folder}/{name}'}: {_reason(error, folder)}") from error

    return render


def _printed(value: object) -> str:
    """What an expression prints; refuses all that could mean more than itself where it is put."""
    text = str(value)  # an undefined name raises here
    if isinstance(value, Prepared):
        return text
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"expected text or a number to print, got {value!r}")
    if not _PLAIN.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be printed as it is; letters, digits, spaces and _./:@+=,%- can, "
            "the filter `quote` puts the rest in quotes for sh"
        )
    return text


def _quoted(value: object) -> str:
    """Make one word of a value for sh, and for the instructions of a Dockerfile."""
    text = str(value)
    if _CONTROL_CHARACTER.search(text):
        raise ValueError(f"{text!r} has a control character, which nothing can quote")
    return Prepared(shlex.quote(text))


def _reason(error: BaseException, folder: str) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {folder}/{error.name}"
    if isinstance(error, RecursionError):
        return "the templates include each other without end"
    return str(error)


def _place(error: BaseException, folder: str) -> str:
    """The innermost line of a template that an error comes from; empty when it comes from none."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename}:{error.lineno}"
    place = ""
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file.startswith(f"{folder}/"):
            place = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
