"""The real parts, for tests of this folder."""

from tests.real import engine, registry, runner, state

__all__ = ["engine", "registry", "runner", "state"]
