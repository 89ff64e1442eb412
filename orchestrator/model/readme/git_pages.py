"""Pages that hosts of git repositories have: of a repository, of a file at a commit, of issues."""

import posixpath
import re
from collections.abc import Callable
from urllib.parse import quote

from orchestrator.model.library import Origin

_WEB = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+(?::[0-9]+)?)(?:/[A-Za-z0-9._~+-]+)+")
_BRANCH_OR_TAG = re.compile(r"refs/(?:heads|tags)/")

FilePage = Callable[[str, Origin, str], str]
"""The page of a file, given the repository's, the origin, and the file's path."""


def repository_page(git_url: str) -> str:
    """The page of a repository that is reached over the web; empty for others."""
    return git_url.removesuffix(".git") if _WEB.fullmatch(git_url) else ""


def file_page(origin: Origin) -> str:
    """The page that shows what is built, at its commit; empty where the host is not one whose pages we know.

    As docker-library links them: https://github.com/docker-library/docs/blob/master/generate-dockerfile-links-partial.sh
    """
    page = repository_page(origin.git_repo)
    kind = _kind(page)
    path = quote(posixpath.normpath(posixpath.join(origin.directory, origin.file)))
    return _FILE_PAGES[kind](page, origin, path) if kind and origin.git_commit else ""


def issues_page(git_url: str) -> str:
    """The page of a repository's issues; empty where the host is not one whose pages we know."""
    page = repository_page(git_url)
    kind = _kind(page)
    return f"{page}{_ISSUES[kind]}" if kind in _ISSUES else ""


def _kind(page: str) -> str:
    """Which software shows a page, by the first words of its host: companies have hosts like gitlab.example.com."""
    match = _WEB.fullmatch(page)
    host = match["host"] if match else ""
    return next((kind for kind in _FILE_PAGES if host.startswith(kind)), "")


_FILE_PAGES: dict[str, FilePage] = {
    "github.": lambda page, origin, path: f"{page}/blob/{origin.git_commit}/{path}",
    "gitlab.": lambda page, origin, path: f"{page}/-/blob/{origin.git_commit}/{path}",
    "git.launchpad.": lambda page, origin, path: (
        f"{page}/tree/{path}?h={_BRANCH_OR_TAG.sub('', origin.git_fetch)}&id={origin.git_commit}"
    ),
}
_ISSUES = {"github.": "/issues", "gitlab.": "/-/issues"}
