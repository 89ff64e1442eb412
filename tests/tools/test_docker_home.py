"""Tests of where Docker's client keeps its configuration."""

from pathlib import Path

import pytest

from orchestrator.tools.docker_home import folder


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DOCKER_CONFIG": "/config", "HOME": "/home/me"}, "/config"),
        ({"HOME": "/home/me"}, "/home/me/.docker"),
        ({"DOCKER_CONFIG": "", "HOME": "/home/me"}, "/home/me/.docker"),
    ],
)
def test_the_folder_is_the_one_of_dockers_client(environment: dict[str, str], expected: str) -> None:
    assert folder(environment) == Path(expected)
