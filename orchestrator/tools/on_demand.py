"""Imports the parts of a verb that many of its runs do without, when a run needs them."""

import importlib
from types import ModuleType


def module(name: str) -> ModuleType:
    """The module `orchestrator.NAME`, imported now.

    For what brings large libraries along: importing Docker's takes longer than a run with nothing to do takes besides.
    """
    return importlib.import_module(f"orchestrator.{name}")
