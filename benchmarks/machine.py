"""The machine that measures, in the words of a table's last line."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import BenchmarkError, read

_CPUINFO = Path("/proc/cpuinfo")
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def machine() -> str:
    """Its processors, and the versions of the programs that count, as far as they are there."""
    processors = f"{os.cpu_count()} processors ({_model()})"
    programs = {
        "Python": platform.python_version(),
        "Docker": _version(("docker", "version", "--format", "{{.Server.Version}}")),
        "buildx": _version(("docker", "buildx", "version")),
    }
    return ", ".join((processors, *(f"{name} {version}" for name, version in programs.items() if version)))


def _model() -> str:
    text = _CPUINFO.read_text(encoding="utf-8") if _CPUINFO.exists() else ""
    match = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return match[1] if match else platform.machine()


def _version(command: Sequence[str]) -> str:
    try:
        match = _VERSION.search(read(command))
    except BenchmarkError:
        return ""
    return match[0] if match else ""
