"""The grammar of single values in library files."""

import posixpath
import re
from collections.abc import Callable, Mapping

from orchestrator.model.platforms import arch
from orchestrator.model.problems import nearest, shown
from orchestrator.model.references import is_tag

BUILDERS = ("classic", "buildkit", "oci-import")

_INSECURE_GITHUB = "git://github.com/"

Word = Callable[[str], str]
"""Reads one value; raises ValueError that says what was expected."""


def _fitting(grammar: str, what: str) -> Word:
    compiled = re.compile(grammar)

    def word(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{shown(text)} is not {what}")
        return text

    return word


maintainer = _fitting(
    r"[^\s<>(),][^<>(),]*?(?:\s+<[^\s<>(),]+>)?\s+\(@[^\s<>(),]+\)",
    "a maintainer; write it like `Name <address> (@handle)` or `Name (@handle)`",
)
git_fetch = _fitting(r"refs/(?:heads|tags)/[^*?:\s]+", "a branch or tag; write it like refs/heads/main or refs/tags/v1")
_repository = _fitting(r"\S+", "a repository; write it like https://github.com/example/image.git")


def is_insecure(git_repo: str) -> bool:
    """Whether a repository is given by a protocol that GitHub no longer speaks, so that another one is read."""
    return git_repo.startswith(_INSECURE_GITHUB)


def _git_repo(text: str) -> str:
    return f"https://github.com/{text.removeprefix(_INSECURE_GITHUB)}" if is_insecure(text) else _repository(text)


def _tag(text: str) -> str:
    if not is_tag(text):
        raise ValueError(f"{shown(text)} is not a tag: up to 128 letters, digits, dots, dashes, underscores")
    return text


def _directory(text: str) -> str:
    return posixpath.normpath(text or ".").replace("//", "/")


def _builder(text: str) -> str:
    if text and text not in BUILDERS:
        raise ValueError(f"{shown(text)} is not a builder; {nearest(text, BUILDERS)}")
    return text


WORDS: Mapping[str, Word] = {
    "Maintainers": maintainer,
    "Tags": _tag,
    "SharedTags": _tag,
    "Architectures": lambda text: arch(text).name,
    "Constraints": _fitting(
        r"!?[^\s!]\S*", "a constraint; write it like windowsservercore-ltsc2025, or with ! before it"
    ),
    "GitRepo": _git_repo,
    "GitFetch": git_fetch,
    "GitCommit": _fitting(r"[0-9a-f]{40}|[0-9a-f]{64}", "a commit: 40 or 64 digits and letters a to f"),
    "Directory": _directory,
    "File": _fitting(r".+", "a file; write it like Dockerfile, or leave the line out"),
    "Builder": _builder,
}
"""By each field what reads one of its values."""
