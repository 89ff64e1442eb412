"""The grammar of single values in our documents, as pydantic types."""

import contextlib
import datetime as dt
import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from orchestrator.model.annotations import Text
from orchestrator.model.platforms import ARCHES, arch
from orchestrator.model.problems import shown
from orchestrator.model.references import LOCAL, hub_name, is_registry, is_repository_path, is_tag
from orchestrator.model.variants import Variant
from orchestrator.model.versions import LINE, VersionRange

DEFAULT_BUILDER = "default"

RESERVED_VALUES = frozenset(
    {"base", "final_version", "group", "line", "release", "sources", "variant", "variants", "version"}
)
"""The values that facts give to every template."""

_ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BUILDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_CERTIFICATES = re.compile(r"(?![-~])(?!.*\\)(?!(?:.*/)?\.\.(?:/|$)).+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ENDPOINT = re.compile(r"(?:ssh|tcp|unix|npipe|docker-container|kube-pod)://[^\s@:-][^\s@]*(?:@[^\s@]+)?")
_FOLDER = re.compile(r"(?![-/])(?!.*\\)(?!(?:.*/)?\.\.(?:/|$)).+")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASS|CRED|(?:^|_|API)KEY$")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"https?://(?P<host>[^/@\s?#]+)(?:/[^\s?#]*)?(?P<query>\?[^\s#]*)?")
_VALUE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VARIANT_PATTERN = r"^(?:windows/)?[a-z0-9]+(?:[._-][a-z0-9]+)*$"
_VERSION = re.compile(r"(?=[0-9])(?=.{1,64}$)[0-9A-Za-z]+(?:[._-][0-9A-Za-z]+)*")
# Where registries without the referrers API keep signatures and the like (distribution-spec, "Referrers Tag Schema").
_REFERRERS_TAG = "sha256-"


def check_build_arg(name: str) -> str:
    """A build argument's name; raises ValueError for what is none, and for the name of a secret.

    Build arguments end in the image's history and provenance, where everybody can read them.
    """
    if not _ARGUMENT_NAME.fullmatch(name):
        raise ValueError(f"{shown(name)} is not the name of a build argument")
    if _SECRET_NAME.search(name.upper()):
        raise ValueError(f"{name}: a build argument is public in the image's history; it must not be a secret")
    return name


def check_url(text: str) -> str:
    """An http(s) URL without credentials, white space or fragment; raises ValueError."""
    match = _URL.fullmatch(_without_credentials(text))
    if match is None or not is_registry(match["host"]):
        raise ValueError(f"{shown(text)} is not a URL; write it like https://example.org/path")
    return text


def is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def _mirror(text: str) -> str:
    if text == LOCAL:
        return text
    match = _URL.fullmatch(_without_credentials(text))
    if match is None or not is_registry(match["host"]) or match["query"]:
        raise ValueError(f"{shown(text)} is not a mirror; write it like https://mirror.example/path, or `{LOCAL}`")
    return text


def _without_credentials(text: str) -> str:
    if "@" in text.partition("//")[2].partition("/")[0]:
        raise ValueError(f"{shown(text)} holds credentials; remove them, Docker's configuration is the place for them")
    return text


def _endpoint(text: str) -> str:
    if re.search(r":[^/@]*@", text.partition("//")[2]):
        raise ValueError(f"{shown(text)} holds credentials; remove them")
    if not _ENDPOINT.fullmatch(text):
        raise ValueError(f"{shown(text)} is not an address; write it like tcp://10.0.0.5:1234")
    return text


def _line_name(text: str) -> str:
    if not LINE.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a line; write it like 3.14 or 3.15-rc")
    return text


def _registry(text: str) -> str:
    if not is_registry(text):
        raise ValueError(f"{shown(text)} is not a registry; write it like ghcr.io or 127.0.0.1:5000")
    return hub_name(text)


def _repository_path(text: str) -> str:
    if not is_repository_path(text):
        raise ValueError(f"{shown(text)} is not a repository name: lower-case words joined by / . _ -")
    return text


def _tag(text: str) -> str:
    if text.lower().startswith(_REFERRERS_TAG):
        raise ValueError(f"{shown(text)}: tags that start with {_REFERRERS_TAG} are the registry's own; choose another")
    if not is_tag(text):
        raise ValueError(f"{shown(text)} is not a tag: up to 128 letters, digits, dots, dashes, underscores")
    return text


def _pattern(text: str) -> str:
    for name in _PLACEHOLDER.findall(text):
        if not _VALUE_NAME.fullmatch(name):
            raise ValueError(f"{{{name}}} is not a placeholder; write it like {{version}}")
    return text


def _value_name(text: str) -> str:
    if text in RESERVED_VALUES:
        raise ValueError(f"the value `{text}` is given to every template already; choose another name")
    if not _VALUE_NAME.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a value's name; write it like runtime_packages")
    return text


def _day(value: object) -> dt.date:
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with contextlib.suppress(ValueError):
            return dt.date.fromisoformat(value)
    raise ValueError(f"{shown(value)} is not a day; write it like 2026-12-31")


ArchName = Annotated[str, Text(lambda text: arch(text).name, enum=list(ARCHES))]
BuildArgName = Annotated[str, Text(check_build_arg, pattern=f"^{_ARGUMENT_NAME.pattern}$")]
BuilderFor = Annotated[str, Text(lambda text: Variant.parse(text).path, pattern=_VARIANT_PATTERN)]
"""An arch, a variant or a group of variants, or `default` for those that are not named."""
BuilderName = Annotated[str, Text.matching(_BUILDER_NAME, "the name of a Docker context")]
CertificatesFolder = Annotated[
    str, Text.matching(_CERTIFICATES, "a folder of certificates; write it like s390x-host or /etc/buildkit/certs")
]
Day = Annotated[dt.date, BeforeValidator(_day)]
Endpoint = Annotated[str, Text(_endpoint, pattern=f"^{_ENDPOINT.pattern}$")]
Folder = Annotated[str, Text.matching(_FOLDER, "a folder below this one; write it like dockerfiles")]
FullVersion = Annotated[str, Text.matching(_VERSION, "a version; write it like 3.14.6 or 3.15.0b3")]
HostName = Annotated[str, Text.matching(_HOST, "the name of a host; write it like builder.example")]
LineName = Annotated[str, Text(_line_name, pattern=f"^{LINE.pattern}$")]
MirrorUrl = Annotated[str, Text(_mirror, pattern=rf"^(?:{LOCAL}|https?://[^/@\s?#]+(?:/[^\s?#]*)?)$")]
Pattern = Annotated[str, Text(_pattern)]
"""Text with placeholders such as {version}; see `model/facts.py` for what may stand there."""
Range = Annotated[VersionRange, Text(VersionRange.parse, examples=[">=3.10,<3.14", "3.12"])]
RegistryName = Annotated[str, Text(_registry, examples=["ghcr.io", "127.0.0.1:5000"])]
RepositoryPath = Annotated[
    str, Text(_repository_path, pattern=r"^[a-z0-9]+(?:(?:\.|_|__|-+|/)[a-z0-9]+)*$", maxLength=255)
]
Sha256 = Annotated[str, Text.matching(_SHA256, "a sha256: 64 digits and letters a to f")]
Tag = Annotated[str, Text(_tag, pattern=r"^(?![sS][hH][aA]256-)[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$")]
Url = Annotated[str, Text(check_url, pattern=r"^https?://[^/@\s?#]+(?:/[^\s?#]*)?(?:\?[^\s#]*)?$")]
ValueName = Annotated[str, Text(_value_name, pattern=f"^{_VALUE_NAME.pattern}$")]
VariantName = Annotated[
    Variant, Text(Variant.parse, pattern=_VARIANT_PATTERN), PlainSerializer(lambda variant: variant.path)
]
VariantSelector = Annotated[str, Text(lambda text: Variant.parse(text).path, pattern=_VARIANT_PATTERN)]
"""A group of variants, or one variant."""
