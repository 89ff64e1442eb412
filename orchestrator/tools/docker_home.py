"""Where Docker's client keeps its configuration."""

from collections.abc import Mapping
from pathlib import Path


def folder(environment: Mapping[str, str]) -> Path:
    """The folder that DOCKER_CONFIG names, else the one in the home folder."""
    return Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/")) / ".docker")
