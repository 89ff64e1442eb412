import pytest

from orchestrator.model.library import Origin
from orchestrator.model.readme.git_pages import file_page, issues_page, repository_page

COMMIT = "0a" * 20


@pytest.mark.parametrize(
    ("git_repo", "expected"),
    [
        ("https://github.com/example/x.git", f"https://github.com/example/x/blob/{COMMIT}/1.0/a/Dockerfile"),
        ("https://github.com/example/x", f"https://github.com/example/x/blob/{COMMIT}/1.0/a/Dockerfile"),
        ("https://github.example.com/x.git", f"https://github.example.com/x/blob/{COMMIT}/1.0/a/Dockerfile"),
        ("https://gitlab.com/a/b/x.git", f"https://gitlab.com/a/b/x/-/blob/{COMMIT}/1.0/a/Dockerfile"),
        (
            "https://git.launchpad.net/~a/x",
            f"https://git.launchpad.net/~a/x/tree/1.0/a/Dockerfile?h=dev&id={COMMIT}",
        ),
        ("https://git.example.com/x.git", ""),
        ("https://example.com/github.com/x.git", ""),
        ("ssh://git@github.com/example/x.git", ""),
        ("https://github.com/x](http://elsewhere", ""),
        ("", ""),
    ],
)
def test_the_page_of_a_file_is_where_its_host_has_it(git_repo: str, expected: str) -> None:
    assert file_page(Origin(git_repo, "refs/heads/dev", COMMIT, "1.0/a")) == expected


@pytest.mark.parametrize(
    ("directory", "file", "expected"),
    [
        (".", "Dockerfile", "Dockerfile"),
        ("a", "../b/Dockerfile", "b/Dockerfile"),
        ("a (1)", "x", "a%20%281%29/x"),
    ],
)
def test_the_path_of_a_file_is_one_that_a_link_can_hold(directory: str, file: str, expected: str) -> None:
    origin = Origin("https://github.com/x/y", git_commit=COMMIT, directory=directory, file=file)

    assert file_page(origin) == f"https://github.com/x/y/blob/{COMMIT}/{expected}"


def test_a_file_without_a_commit_has_no_page() -> None:
    assert file_page(Origin("https://github.com/x/y")) == ""


@pytest.mark.parametrize(
    ("git_url", "repository", "issues"),
    [
        ("https://github.com/x/y.git", "https://github.com/x/y", "https://github.com/x/y/issues"),
        ("https://gitlab.com/x/y", "https://gitlab.com/x/y", "https://gitlab.com/x/y/-/issues"),
        ("https://git.launchpad.net/x", "https://git.launchpad.net/x", ""),
        ("http://127.0.0.1:8080/y.git", "http://127.0.0.1:8080/y", ""),
        ("git://github.com/x/y.git", "", ""),
        ("", "", ""),
    ],
)
def test_repositories_and_issues_have_pages_where_they_are_known(git_url: str, repository: str, issues: str) -> None:
    assert (repository_page(git_url), issues_page(git_url)) == (repository, issues)
