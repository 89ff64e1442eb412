"""orchestrator.yaml as values: every fact about an image that people keep by hand."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from orchestrator.errors import InputError
from orchestrator.model import strict_yaml
from orchestrator.model.annotations import EachOnce, OneOrMore, Text
from orchestrator.model.catalog import Release
from orchestrator.model.config.builders import Builder
from orchestrator.model.config.jenkins import JenkinsConfig
from orchestrator.model.config.readme import ReadmeConfig
from orchestrator.model.config.upstream import UpstreamConfig
from orchestrator.model.fields import (
    DEFAULT_BUILDER,
    ArchName,
    BuildArgName,
    BuilderFor,
    Day,
    Folder,
    LineName,
    MirrorUrl,
    Pattern,
    Range,
    RegistryName,
    RepositoryPath,
    Tag,
    Url,
    ValueName,
    VariantName,
    VariantSelector,
)
from orchestrator.model.library import DEFAULT_GIT_FETCH
from orchestrator.model.library.words import git_fetch, maintainer
from orchestrator.model.problems import Problem, problems_of
from orchestrator.model.references import LOCAL
from orchestrator.model.variants import Variant

GitFetch = Annotated[str, Text(git_fetch, examples=["refs/heads/main", "refs/tags/v1"])]
Maintainer = Annotated[str, Text(maintainer, examples=["Example Maintainer (@example)"])]

_T = TypeVar("_T")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(_Part):
    """Which lines and variants a rule is about; what is left out takes all."""

    version: Range | None = None
    """The lines that it is about; all when left out."""
    variant: Annotated[tuple[VariantSelector, ...], OneOrMore(), EachOnce()] = ()
    """The groups and variants that it is about; all when left out."""

    def covers(self, *, line: str, variant: Variant) -> bool:
        in_range = self.version is None or line in self.version
        return in_range and (not self.variant or any(variant.matches(selector) for selector in self.variant))


class Departure(_Part):
    """Something that departs from the rule: why, and until when."""

    reason: Annotated[str, Field(min_length=1)]
    """Why, for people; `list --all` shows it."""
    until: Day | None = None
    """The last day on which it holds; from the next one on it is an error, so that nobody forgets it."""

    def is_past(self, today: dt.date) -> bool:
        return self.until is not None and self.until < today


class Exclusion(Departure, Scope):
    """Targets that are not built, why, and until when."""

    arch: Annotated[tuple[ArchName, ...], OneOrMore(), EachOnce()] = ()
    """The arches that it is about; all when left out."""


class Hold(Departure):
    """Variants that stay at an older release of their line while the others go on."""

    line: LineName
    """The line whose release they do not follow."""
    variants: Annotated[tuple[VariantName, ...], Field(min_length=1), OneOrMore(), EachOnce()]
    """Those that versions.json no longer lists for the line come after those that it lists."""
    facts: Release
    """What versions.json said of the older release; each key stands for the line's own one as a whole."""

    @model_validator(mode="after")
    def _names_variants_in_one_place(self) -> "Hold":
        if "variants" in (self.facts.model_extra or {}):
            raise ValueError("`facts` does not take `variants`; they stand beside it")
        return self


class ValueRule(Scope):
    """Values that templates get for some lines and variants: `set` replaces, `add` makes a list longer."""

    set: dict[ValueName, JsonValue] = {}
    """Values by name, in the place of what versions.json or a rule before this one says."""
    add: dict[ValueName, tuple[str, ...]] = {}
    """What comes at the end of lists, by their name; one that is not there yet begins here."""


class SourceRule(Scope):
    """A download that builds need."""

    file: Pattern
    """What it is called in the stage `source`; may use the values of templates that are text, like `{version}`."""
    url: Pattern
    """Where it is; may use the same."""
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
    """What logs and test results call it."""
    command: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    """The words of the command; may use the values of templates that are text, like `{version}`, and `{arch}`."""
    stdout: Pattern | None = None
    """The whole output without surrounding white space, with the same values; nothing is compared when left out."""
    exit: Annotated[int, Field(ge=0, strict=True)] = 0
    """The exit code that it must end with."""


class Config(_Part):
    """orchestrator.yaml; the key names are the product's contract."""

    image: RepositoryPath
    """The last part of the repositories' names."""
    git_url: Url = ""
    """Where the image's own files are kept, for links in README and library file."""
    git_fetch: GitFetch = DEFAULT_GIT_FETCH
    """The branch or tag of `git_url` that has the commits which the library file names, and that jobs check out."""
    maintainers: tuple[Maintainer, ...] = ()
    """Written like `Name <address> (@handle)` or `Name (@handle)`."""
    registry: RegistryName = LOCAL
    """Where images go; `local` is the registry that the tool starts on loopback."""
    public_name: RepositoryPath = ""
    """What README, report and library file call the image; `image` when left out."""
    namespace: RepositoryPath = "library"
    """Where tags that join all architectures go."""
    arch_namespaces: dict[ArchName, RepositoryPath] = {}
    """Where the tags of one arch go; the arch's own name when left out."""
    staging_namespace: RepositoryPath = "staging"
    """Where builds wait under their build ID."""
    mirrors: dict[RegistryName, Annotated[tuple[MirrorUrl, ...], OneOrMore(), EachOnce()]] = {}
    """Where a registry is really reached, in the order to ask; `local` is the registry that the tool starts."""
    source_mirrors: dict[Url, Annotated[tuple[Url, ...], OneOrMore(), EachOnce()]] = {}
    """What stands at the beginning of a download's URL, and what to try in its place before it."""
    dockerfiles: Folder = "dockerfiles"
    """The folder of the rendered Dockerfiles."""
    aliases: dict[LineName, Annotated[tuple[Tag, ...], EachOnce()]] = {}
    """Further tags of a line, such as `latest`."""
    bases: dict[VariantSelector, Pattern] = {}
    """The base image of a group or variant; a public tag of the image itself stands for the target that has it.

    It may use the values of templates that are text, like `{release}`, which is `trixie` of `slim-trixie`.
    """
    architectures: dict[VariantSelector, Annotated[tuple[ArchName, ...], EachOnce()]] = {}
    """The arches that a group or variant is built for; those of its base image when left out."""
    exclude: tuple[Exclusion, ...] = ()
    """What is not built although its architecture is named."""
    holds: tuple[Hold, ...] = ()
    """Variants that stay at an older release of their line, such as those whose installer is late."""
    best_effort: Annotated[tuple[ArchName, ...], EachOnce()] = ()
    """The arches that publishing does not wait for; all others are required."""
    keep_alive: Annotated[bool, Field(strict=True)] = False
    """Give each manifest, when it is staged and when it is published, a tag of its own, `k-` and its digest.

    For registries that clear away what no tag names, such as distribution's `garbage-collect -m`: without them the
    images of an index go, in staging too, and what a tag named before is no more there to be rolled back to.
    """
    builders: dict[BuilderFor, Builder] = {DEFAULT_BUILDER: Builder(driver="local")}
    """Where builds run, by variant, group or arch: the first of them that is named counts, else `default`."""
    build_args: dict[BuildArgName, str] = {}
    """Build arguments of every build; `--build-arg` wins. Everybody can read them in the image."""
    values: tuple[ValueRule, ...] = ()
    """What templates get besides the keys of the line in versions.json; rules apply from top to bottom."""
    sources: tuple[SourceRule, ...] = ()
    """What builds download: fetched and checked once, and handed to all of them as the stage `source`."""
    upstream: UpstreamConfig = UpstreamConfig()
    """Where `orchestrator update` finds new releases."""
    tests: tuple[SmokeTest, ...] = ()
    """What each image must pass, on its own platform, before it is staged."""
    readme: ReadmeConfig = ReadmeConfig()
    """What the image's README says besides its texts."""
    jenkins: JenkinsConfig | None = None
    """The jobs that `orchestrator jenkins` writes; none when left out."""

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

    def builder_key(self, arch_name: str, variant: Variant) -> str:
        """The entry of `builders` that counts: the variant's own, its group's, the arch's, or `default`."""
        keys = (variant.path, variant.name, variant.group, arch_name)
        return next((key for key in keys if key in self.builders), DEFAULT_BUILDER)

    def builder_of(self, arch_name: str, variant: Variant) -> Builder:
        return self.builders.get(self.builder_key(arch_name, variant)) or Builder()


def parse(value: object) -> Config | tuple[Problem, ...]:
    """The configuration that a plain value holds, or everything that is wrong with it."""
    try:
        return Config.model_validate(value)
    except ValidationError as error:
        return problems_of(error, Config)


def read(text: str, *, name: str) -> Config:
    """Read orchestrator.yaml; raises InputError that names every wrong place at once by its line."""
    document = strict_yaml.parse(text, name=name)
    config = parse(document.value)
    if isinstance(config, Config) and not document.problems:
        return config
    raise InputError(*document.report(() if isinstance(config, Config) else config))


def _most_specific(entries: Mapping[str, _T], variant: Variant) -> _T | None:
    return next((entries[key] for key in (variant.path, variant.name, variant.group) if key in entries), None)
