"""versions.json as values: the lines of an image, with their versions and variants."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, ValidationError, field_validator

from orchestrator.errors import InputError
from orchestrator.model import strict_json
from orchestrator.model.variants import Variant
from orchestrator.model.versions import line_number

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FullVersion = Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+-]{0,63}$")]


def _variant(value: object) -> Variant:
    if not isinstance(value, str):
        raise ValueError(f"expected a variant's name in quotes, got {value!r}")  # noqa: TRY004 - pydantic wants ValueError
    return Variant.parse(value)


class Checksum(BaseModel):
    """The checksum of one download."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    sha256: Sha256


class Line(BaseModel):
    """One line of versions.json, such as 3.14; unknown keys stay for the templates."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, arbitrary_types_allowed=True)

    version: FullVersion
    variants: Annotated[tuple[Annotated[Variant, BeforeValidator(_variant)], ...], Field(min_length=1, strict=False)]
    checksums: dict[str, Checksum] = {}

    @field_validator("variants")
    @classmethod
    def _each_once(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        twice = sorted({v.path for v in variants if sum(v.name == other.name for other in variants) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there more than once")
        return variants

    @property
    def facts(self) -> dict[str, Any]:
        """Everything the line says, as the JSON value it came from."""
        return self.model_dump(mode="json", exclude={"variants"})


class Catalog(RootModel[dict[str, Line]]):
    """versions.json: lines by their name, in no particular order."""

    model_config = ConfigDict(frozen=True)

    @field_validator("root")
    @classmethod
    def _lines_are_named_like_lines(cls, lines: dict[str, Line]) -> dict[str, Line]:
        for name in lines:
            line_number(name)
        return lines

    @property
    def lines(self) -> Iterator[tuple[str, Line]]:
        """Lines from the newest to the oldest: 3.15-rc, 3.14, ..., 3.9."""
        return iter(sorted(self.root.items(), key=lambda item: (line_number(item[0]), item[0]), reverse=True))

    def __getitem__(self, line: str) -> Line:
        return self.root[line]

    def __len__(self) -> int:
        return len(self.root)


def read(text: str, *, name: str) -> Catalog:
    """Read versions.json; raises InputError that names every wrong place at once by JSON pointer.

    The format is docker-library/python's; a file of theirs is read unchanged.
    """
    value = strict_json.load(text, name=name)
    try:
        return Catalog.model_validate(value)
    except ValidationError as error:
        raise InputError(*(f"{name}#{strict_json.pointer(e['loc'])}: {e['msg']}" for e in error.errors())) from error
