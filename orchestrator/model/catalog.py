"""versions.json as values: the lines of an image, with their versions and variants."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from orchestrator.errors import InputError
from orchestrator.model import strict_json
from orchestrator.model.annotations import EachOnce
from orchestrator.model.fields import FullVersion, LineName, Sha256, VariantName
from orchestrator.model.problems import Problem, pointer, problems_of
from orchestrator.model.versions import is_of_line, line_number


class Checksum(BaseModel):
    """The checksum of one download."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    sha256: Sha256
    """Of the file as it is downloaded."""


class Release(BaseModel):
    """What is known of a release; unknown keys stay for the templates."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    version: FullVersion
    """The release that is built."""
    checksums: dict[str, Checksum] = {}
    """Checksums of its downloads, by name."""

    @property
    def facts(self) -> dict[str, Any]:
        """Everything that is said of the release, as the JSON value it came from."""
        return self.model_dump(mode="json", exclude={"variants"})


class Line(Release):
    """One line of versions.json, such as 3.14, at its newest release."""

    variants: Annotated[tuple[VariantName, ...], Field(min_length=1, strict=False), EachOnce()]
    """What it is built as, in publishing order; the first of a group is the group's default."""


class Catalog(RootModel[Annotated[dict[LineName, Line], Field(min_length=1)]]):
    """versions.json: lines by their name, in no particular order."""

    model_config = ConfigDict(frozen=True)

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
        catalog = Catalog.model_validate(value)
    except ValidationError as error:
        raise InputError(*_addressed(problems_of(error, Catalog), name)) from error
    if strays := tuple(_strays(catalog)):
        raise InputError(*_addressed(strays, name))
    return catalog


def _strays(catalog: Catalog) -> Iterator[Problem]:
    for name, line in catalog.lines:
        if not is_of_line(line.version, name):
            yield Problem((name, "version"), f"{line.version!r} is not a release of the line {name}")


def _addressed(problems: Iterable[Problem], name: str) -> Iterator[str]:
    return (f"{name}#{pointer(problem.loc)}: {problem.text}" for problem in problems)
