"""Each field is checked and described alike: what JSON Schema lets pass is what we read, and the other way round."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from orchestrator.model import fields
from orchestrator.model.fields import check_build_arg

GOOD: dict[str, tuple[str, ...]] = {
    "ArchName": ("amd64", "windows-amd64"),
    "BuildArgName": ("PYTHON_OPTIMIZE", "_x", "KEYS_URL"),
    "BuilderFor": ("default", "s390x", "slim", "windows/windowsservercore-ltsc2025"),
    "BuilderName": ("arm-host", "a.b_c+d"),
    "Endpoint": ("tcp://10.0.0.5:1234", "ssh://builder@windows-2025", "unix:///run/x.sock", "docker-container://x"),
    "Folder": ("dockerfiles", ".", "a/b", "a..b"),
    "FullVersion": ("3.14.6", "3.15.0b3", "17.2-1", "2026_1"),
    "LineName": ("3.14", "3.15-rc", "17"),
    "MirrorUrl": ("local", "http://127.0.0.1:5000", "https://mirror.example/hub"),
    "RepositoryPath": ("python", "a/b", "a__b", "a-b.c"),
    "Sha256": ("0a" * 32,),
    "Tag": ("3", "latest", "3.14-slim", "sha256", "a" * 128),
    "Url": ("https://github.com/example/python.git", "http://[::1]:80/x?y=z"),
    "ValueName": ("runtime_packages", "a1"),
    "VariantName": ("slim-trixie", "windows/windowsservercore-ltsc2025"),
    "VariantSelector": ("slim", "alpine3.24", "windows/windowsservercore-ltsc2025"),
}
BAD: dict[str, tuple[Any, ...]] = {
    "ArchName": ("", "arm64", "AMD64", 64),
    "BuildArgName": ("", "a-b", "1a", "a b", "a=b", "--x"),
    "BuilderFor": ("", "S390X", "*", "a b"),
    "BuilderName": ("", "-x", "a b", "a,b"),
    "Endpoint": ("", "--help", "10.0.0.5:1234", "http://x", "tcp://", "ssh://a@b@c", "tcp://a b", "ssh://-oProxy"),
    "Folder": ("", "/abs", "-x", "..", "a/../b", "../x", "a/..", "a\\b"),
    "FullVersion": ("", "x", "3.14 ", "3..1", "3.14+1", "$(id)", "1\n", "1" * 65, 3),
    "LineName": ("", "3.", "03.1", "3.x", "..", "v3", "3.15-RC"),
    "MirrorUrl": (
        "",
        "mirror.example",
        "ftp://x",
        "https://",
        "https://x?y",
        "https://u:p@x",
        "https://u@x",
        "http://a b",
    ),
    "RepositoryPath": ("", "UPPER", "a//b", "..", "/a", "a/", "-a", "a___b", "a" * 256, "a:b"),
    "Sha256": ("", "0A" * 32, "0a" * 31, "sha256:" + "0a" * 32),
    "Tag": ("", "-x", ".x", "a b", "x+y", "a:b;rm", "..%2f..", "a" * 129, "sha256-abc", "SHA256-abc"),
    "Url": ("", "x", "javascript:x", "ssh://git@x/y", "https://u:p@x/y", "https://x/ y", "https://x/y#z", "https:///x"),
    "ValueName": ("", "A", "1a", "a-b", "a b"),
    "VariantName": ("", "Slim", "slim-", "a..b", "/x", "a b", "-x"),
    "VariantSelector": ("", "Slim", "*", "a b"),
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in GOOD.items() for text in texts])
def test_good_text_is_read_and_fits_the_schema(name: str, text: str) -> None:
    field = TypeAdapter[Any](getattr(fields, name))

    assert str(field.validate_python(text)) in (text, text.rpartition("/")[2])
    assert _fits(text, field.json_schema())


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_bad_text_is_refused_and_does_not_fit_the_schema(name: str, text: Any) -> None:
    field = TypeAdapter[Any](getattr(fields, name))

    with pytest.raises(ValidationError):
        field.validate_python(text)
    assert not _fits(text, field.json_schema())


def _fits(text: Any, schema: dict[str, Any]) -> bool:
    """What a JSON Schema validator says of the keywords that we use for text."""
    return (
        isinstance(text, str)
        and text in schema.get("enum", [text])
        and re.search(schema.get("pattern", ""), text) is not None
        and not (
            text.endswith("\n") and "pattern" in schema
        )  # in ECMAScript `$` does not stand before a last line break
        and len(text) <= schema.get("maxLength", len(text))
    )


@pytest.mark.parametrize(
    "name",
    ["MY_TOKEN", "token", "DB_PASSWORD", "PASSWD", "AWS_SECRET_ACCESS_KEY", "API_KEY", "APIKEY", "KEY", "CREDENTIALS"],
)
def test_a_build_argument_must_not_be_named_like_a_secret(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: a build argument is public in the image's history"):
        check_build_arg(name)


def test_reserved_values_cannot_be_set() -> None:
    with pytest.raises(ValidationError, match="the value `line` is given to every template already"):
        TypeAdapter[Any](fields.ValueName).validate_python("line")


@pytest.mark.parametrize("text", ["{}", "{Version}", "{a b}", "{7*7}", "{version.x}"])
def test_a_placeholder_is_a_plain_word(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a placeholder"):
        TypeAdapter[Any](fields.Pattern).validate_python(f"x{text}y")


@pytest.mark.parametrize("text", ["https://joe:secret@h/x", "https://secret@h", "tcp://joe:secret@h"])
@pytest.mark.parametrize("name", ["Url", "MirrorUrl", "Endpoint", "RegistryName"])
def test_an_error_never_shows_credentials(name: str, text: str) -> None:
    if name == "Endpoint" and "joe" not in text:
        text = f"tcp://joe:{text.partition('//')[2]}"

    with pytest.raises(ValidationError) as error:
        TypeAdapter[Any](getattr(fields, name)).validate_python(text)

    assert "secret" not in str(error.value.errors()[0]["msg"])


@pytest.mark.parametrize(("text", "expected"), [("index.docker.io", "docker.io"), ("127.0.0.1:5000", "127.0.0.1:5000")])
def test_docker_hub_has_one_name(text: str, expected: str) -> None:
    assert TypeAdapter[Any](fields.RegistryName).validate_python(text) == expected
