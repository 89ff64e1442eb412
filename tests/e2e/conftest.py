"""The real parts, and an image family of its own for each test that wants one."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.tools.engine.docker_host import Engine
from tests.e2e.hello import Hello
from tests.real import engine, orchestrator, registry, runner, state

__all__ = ["bases", "engine", "hello", "registry", "runner", "state"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello"
ARCHES = ("amd64", "arm64v8", "s390x")
_NUMBERS = itertools.count(1)

NewHello = Callable[..., Hello]


@pytest.fixture(scope="session")
def bases(state: Path, registry: str) -> str:
    """The registry's address, with the base of the example in it."""
    arches = (word for arch in ARCHES for word in ("--arch", arch))
    orchestrator("-C", str(EXAMPLE), "bases", "import", "busybox:trixie", *arches, state=state)
    return registry


@pytest.fixture(scope="session")
def hello(state: Path, engine: Engine, bases: str, tmp_path_factory: pytest.TempPathFactory) -> NewHello:
    """Makes copies of the example, each with repositories of its own: `hello(arches=["amd64"])`."""

    def new(*, arches: tuple[str, ...] = ("amd64",), variants: tuple[str, ...] = ("slim-trixie",)) -> Hello:
        name = f"hello{next(_NUMBERS)}"
        root = tmp_path_factory.mktemp(name)
        for part in ("orchestrator.yaml", "templates"):
            copy = shutil.copytree if (EXAMPLE / part).is_dir() else shutil.copyfile
            copy(EXAMPLE / part, root / part)
        made = Hello(root=root, state=state, engine=engine, registry=bases, name=name)
        made.offer(arches=arches, variants=variants)
        return made

    return new
