from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.render.templates import rendering


def _rendered(templates: Mapping[str, str], values: Mapping[str, Any] | None = None) -> str:
    return rendering(templates, folder="templates/x")("a.j2", values or {})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ version }}\n", "3.14.6\n"),
        ("{{ count }}", "7"),
        ("{% for name in names %}\n  {{ name }}\n{% endfor %}\n", "  one\n  two\n"),
        ("  {% if names %}\nyes\n  {% endif %}\n", "yes\n"),
        ("{{ range_ | quote }}", "'wheel<0.46'"),
        ("{{ attack | quote }}", "'$(id); `id` {{ 7 * 7 }}'"),
        ("{{ version | quote }}", "3.14.6"),
    ],
)
def test_values_are_printed(template: str, expected: str) -> None:
    values = {
        "version": "3.14.6",
        "count": 7,
        "names": ("one", "two"),
        "range_": "wheel<0.46",
        "attack": "$(id); `id` {{ 7 * 7 }}",
    }

    assert _rendered({"a.j2": template}, values) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1.0\nRUN id", "cannot be printed as it is"),
        ("1.0;id", "cannot be printed as it is"),
        ("$(id)", "cannot be printed as it is"),
        ("`id`", "cannot be printed as it is"),
        ("{{ 7 * 7 }}", "cannot be printed as it is"),
        ("it's", "cannot be printed as it is"),
        ("a\\", "cannot be printed as it is"),
        ("a b\N{NO-BREAK SPACE}", "cannot be printed as it is"),
        (True, "expected text or a number to print, got True"),
        (None, "expected text or a number to print, got None"),
        (("a", "b"), "expected text or a number to print"),
    ],
)
def test_a_value_that_could_mean_more_than_itself_is_refused(value: object, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        _rendered({"a.j2": "one\n{{ value }}\n"}, {"value": value})

    assert str(caught.value).startswith("templates/x/a.j2:2: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("value", ["a\nb", "a\x1bb", "a\u2028b", "\x7f"])
def test_control_characters_cannot_be_quoted(value: str) -> None:
    with pytest.raises(InputError, match="control character, which nothing can quote"):
        _rendered({"a.j2": "{{ value | quote }}"}, {"value": value})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ nothing }}", "templates/x/a.j2:1: 'nothing' is undefined"),
        ("\n{% if nothing %}{% endif %}", "templates/x/a.j2:2: 'nothing' is undefined"),
        ("{{ values.nothing }}", "templates/x/a.j2:1: 'dict object' has no attribute 'nothing'"),
        ("\n\n{% if %}", "templates/x/a.j2:3: Expected an expression, got 'end of statement block'"),
        ("{{ 'a' + 1 }}", 'templates/x/a.j2:1: can only concatenate str (not "int") to str'),
        ("{{ 1 / 0 }}", "templates/x/a.j2:1: division by zero"),
        ("\n{% include 'b.j2' %}", "templates/x/b.j2:2: 'nothing' is undefined"),
        ("{% include '../a.j2' %}", "templates/x/a.j2:1: there is no template templates/x/../a.j2"),
        ("{% include '/etc/passwd' %}", "templates/x/a.j2:1: there is no template templates/x//etc/passwd"),
        ("{{ range(3) }}", "templates/x/a.j2:1: 'range' is undefined"),
        ("{{ lipsum() }}", "templates/x/a.j2:1: 'lipsum' is undefined"),
        ("{{ values | random }}", "templates/x/a.j2:1: No filter named 'random'."),
    ],
)
def test_an_error_names_the_place(template: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        _rendered({"a.j2": template, "b.j2": "\n{{ nothing }}"}, {"values": {}})

    assert str(caught.value) == expected


@pytest.mark.parametrize("expression", ["''.__class__", "values.__class__.__mro__", "values.update({'a': 1})"])
def test_python_behind_the_values_is_out_of_reach(expression: str) -> None:
    with pytest.raises(InputError, match=r"unsafe|not safely callable"):
        _rendered({"a.j2": f"{{{{ {expression} }}}}"}, {"values": {}})


def test_templates_that_include_each_other_without_end_are_an_error() -> None:
    with pytest.raises(InputError, match="include each other without end"):
        _rendered({"a.j2": "{% include 'b.j2' %}", "b.j2": "{% include 'a.j2' %}"})


def test_a_missing_template_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        _rendered({})

    assert str(caught.value) == "templates/x/a.j2: there is no template templates/x/a.j2"
