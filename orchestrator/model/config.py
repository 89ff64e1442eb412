"""orchestrator.yaml as values: every fact about an image that people keep by hand."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from orchestrator.model.platforms import ARCHES, arch
from orchestrator.model.references import is_registry, is_repository_path, is_tag
from orchestrator.model.variants import Variant
from orchestrator.model.versions import VersionRange

LOCAL = "local"
"""The registry that the tool itself starts on loopback."""

NATIVE_BUILDER = "default"

_T = TypeVar("_T")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDER_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASS|CREDENTIAL|_KEY$|^KEY$")


def _checked(is_valid: Any, what: str) -> BeforeValidator:
    def check(value: object) -> object:
        if not isinstance(value, str) or not is_valid(value):
            raise ValueError(f"{value!r} is not {what}")
        return value

    return BeforeValidator(check)


def _parsed(parse: Any) -> BeforeValidator:
    def check(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(f"expected text in quotes, got {value!r}")  # noqa: TRY004 - pydantic wants ValueError
        return parse(value)

    return BeforeValidator(check)


def _pattern(text: str) -> str:
    for name in _PLACEHOLDER.findall(text):
        if not _PLACEHOLDER_NAME.fullmatch(name):
            raise ValueError(f"{{{name}}} is not a placeholder; write it like {{version}}")
    return text


ArchName = Annotated[str, _parsed(lambda text: arch(text).name)]
RepositoryPath = Annotated[str, _checked(is_repository_path, "a repository name: lower-case words joined by / . _ -")]
Tag = Annotated[str, _checked(is_tag, "a tag: up to 128 letters, digits, dots, dashes, underscores")]
RegistryName = Annotated[str, _checked(is_registry, "a registry; write it like ghcr.io or 127.0.0.1:5000")]
Pattern = Annotated[str, _parsed(_pattern)]
"""Text with placeholders such as {version}; see `model/facts.py` for what may stand there."""
Range = Annotated[VersionRange, _parsed(VersionRange.parse)]
VariantSelector = Annotated[str, _parsed(lambda text: Variant.parse(text).path)]
OneOrMore = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Scope(_Part):
    """Which lines and variants a rule is about; what is left out takes all."""

    version: Range | None = None
    variant: Annotated[tuple[VariantSelector, ...], OneOrMore] = ()

    def covers(self, *, line: str, variant: Variant) -> bool:
        in_range = self.version is None or line in self.version
        return in_range and (not self.variant or any(variant.matches(selector) for selector in self.variant))


class Exclusion(Scope):
    """Targets that are not built, why, and until when."""

    arch: Annotated[tuple[ArchName, ...], OneOrMore] = ()
    reason: Annotated[str, Field(min_length=1)]
    until: dt.date | None = None


class Builder(_Part):
    """Where the builds of an arch run."""

    driver: Literal["local", "context", "remote", "classic"] = "local"
    name: str = ""
    endpoint: str = ""
    host: str = ""
    emulate: bool = False
    """Build for machines other than the builder's own through emulation."""
    jobs: Annotated[int, Field(ge=1)] | None = None


class ValueRule(Scope):
    """Values that templates get for some lines and variants: `set` replaces, `add` makes a list longer."""

    set: dict[str, Any] = {}
    add: dict[str, tuple[str, ...]] = {}


class SourceRule(Scope):
    """A download that builds need."""

    file: Pattern
    url: Pattern
    sha256: str = ""
    """Where the line keeps the checksum, such as `checksums.source.sha256`."""
    unverified: str = ""
    """Why there is no checksum; one of the two must be given."""

    @model_validator(mode="after")
    def _is_verified_or_says_why(self) -> "SourceRule":
        if bool(self.sha256) == bool(self.unverified):
            raise ValueError("give either `sha256` (where versions.json keeps it) or `unverified` (why there is none)")
        return self


class SmokeTest(Scope):
    """A command that is run in the built image, and what it must print."""

    name: Annotated[str, Field(min_length=1)]
    command: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    stdout: Pattern | None = None
    """The whole output without surrounding white space; nothing is compared when left out."""
    exit: int = 0


class Config(_Part):
    """orchestrator.yaml; the key names are the product's contract."""

    image: RepositoryPath
    git_url: str = ""
    maintainers: tuple[str, ...] = ()
    registry: RegistryName = LOCAL
    public_name: RepositoryPath = ""
    namespace: RepositoryPath = "library"
    arch_namespaces: dict[ArchName, RepositoryPath] = {}
    staging_namespace: RepositoryPath = "staging"
    mirrors: dict[RegistryName, Annotated[tuple[str, ...], OneOrMore]] = {}
    dockerfiles: str = "dockerfiles"
    aliases: dict[str, tuple[Tag, ...]] = {}
    bases: dict[VariantSelector, Pattern] = {}
    architectures: dict[VariantSelector, tuple[ArchName, ...]] = {}
    exclude: tuple[Exclusion, ...] = ()
    best_effort: tuple[ArchName, ...] = ()
    builders: dict[str, Builder] = {NATIVE_BUILDER: Builder()}
    build_args: dict[str, str] = {}
    values: tuple[ValueRule, ...] = ()
    sources: tuple[SourceRule, ...] = ()
    tests: tuple[SmokeTest, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> "Config":
        unknown = sorted(set(self.builders) - {NATIVE_BUILDER, *ARCHES})
        if unknown:
            raise ValueError(f"builders: {', '.join(unknown)}: expected `{NATIVE_BUILDER}` or an arch")
        for name in self.build_args:
            check_build_arg(name)
        return self

    @property
    def title(self) -> str:
        """What README, report and library file call the image."""
        return self.public_name or self.image

    def architectures_of(self, variant: Variant) -> tuple[str, ...] | None:
        """The arches that a variant is built for, the variant's own entry before its group's; None: ask the base."""
        return _most_specific(self.architectures, variant)

    def base_of(self, variant: Variant) -> str | None:
        """The pattern of the base image's name, the variant's own entry before its group's."""
        return _most_specific(self.bases, variant)

    def builder_of(self, arch_name: str) -> Builder:
        return self.builders.get(arch_name) or self.builders.get(NATIVE_BUILDER) or Builder()


def check_build_arg(name: str) -> None:
    """Refuse names that are none, and names of secrets: build arguments end in the image's history and provenance."""
    if not _ARGUMENT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a build argument")
    if _SECRET_NAME.search(name.upper()):
        raise ValueError(
            f"build argument {name}: a build argument is public in the image's history; it must not be a secret"
        )


def _most_specific(entries: Mapping[str, _T], variant: Variant) -> _T | None:
    return next((entries[key] for key in (variant.path, variant.name, variant.group) if key in entries), None)
