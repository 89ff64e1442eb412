"""The real parts, for tests of this folder."""

from tests.real import engine, programs, registry, runner, state

__all__ = ["engine", "programs", "registry", "runner", "state"]
