"""Generated files as values."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TypeAlias

FileTree: TypeAlias = Mapping[PurePosixPath, str]
"""What generators return: the text of each file by its path below a folder that the caller names."""
