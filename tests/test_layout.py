"""The shape of the code: which part may import which, and where processes, environment and clock may be touched."""

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

PACKAGE = "orchestrator"
ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / PACKAGE).rglob("*.py"))
}

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 50

# What each part may import of ours besides itself.
LAYERS = {
    "errors": set(),
    "model": {"errors"},
    "render": {"errors", "model"},
    "tools": {"errors", "model"},
    "commands": {"errors", "model", "render", "tools"},
    "cli": {"errors", "model", "render", "tools", "commands"},
    "__main__": {"cli"},
    "": set(),
}
PROCESS_MODULE = "orchestrator.tools.process"
EDGE_MODULE = "orchestrator.cli"
PURE_PARTS = ("errors", "model", "render")

PROCESS_NAMES = (
    "asyncio.create_subprocess_*",
    "asyncio.subprocess",
    "multiprocessing",
    "os.exec*",
    "os.fork*",
    "os.popen",
    "os.posix_spawn*",
    "os.spawn*",
    "os.system",
    "pty",
    "subprocess",
)
EDGE_NAMES = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.environ",
    "os.getcwd",
    "os.getenv",
    "os.path.expanduser",
    "pathlib.Path.cwd",
    "pathlib.Path.home",
    "time.localtime",
    "time.time",
)
IMPURE_NAMES = (
    "logging",
    "open",
    "os.*",
    "print",
    "random",
    "shutil",
    "socket",
    "structlog",
    "sys.*",
    "tempfile",
    "uuid",
)

# What starting the command line may import of others; everything else is imported by the verb that needs it.
STARTS_WITH = {"click"}


def part(module: str) -> str:
    """The layer of a module: `tools` of orchestrator.tools.process, empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def violations(module: str, text: str) -> list[str]:
    """Each rule that a module breaks, with its line."""
    tree = ast.parse(text)
    found = [*_import_violations(module, tree), *_name_violations(module, tree), *_size_violations(tree, text)]
    return [f"{module}:{line}: {what}" for line, what in sorted(found)]


def _import_violations(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    top_level = {id(node) for node in tree.body}
    allowed = LAYERS[part(module)] | {part(module)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "a relative import"
        if id(node) not in top_level:
            yield node.lineno, "an import that is not at the top of the module"
        for name in _imported(node):
            if name.partition(".")[0] == PACKAGE and part(name) in LAYERS and part(name) not in allowed:
                yield node.lineno, f"{part(module)} must not import {part(name)}"


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


def _name_violations(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, name in _names(tree):
        if module != PROCESS_MODULE and _is_one_of(name, PROCESS_NAMES):
            yield line, f"{name}: processes are started by {PROCESS_MODULE} alone"
        if module != EDGE_MODULE and _is_one_of(name, EDGE_NAMES):
            yield line, f"{name}: environment and clock are read by {EDGE_MODULE} alone; take an argument"
        if part(module) in PURE_PARTS and _is_one_of(name, IMPURE_NAMES):
            yield line, f"{name}: {part(module)} is pure"


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that is used, in full: `dt.datetime.now` after `import datetime as dt` is datetime.datetime.now."""
    full = dict(_bound_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and (words := _dotted(node)):
            yield node.lineno, ".".join((full.get(words[0], words[0]), *words[1:]))


def _bound_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What each imported name is in full; `import os.path` binds `os` alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias, name in zip(node.names, _imported(node), strict=True):
                is_root = isinstance(node, ast.Import) and not alias.asname
                bound = alias.asname or alias.name.partition(".")[0]
                yield bound, bound if is_root else name


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return [*before, node.attr]
    return []


def _is_one_of(name: str, refused: tuple[str, ...]) -> bool:
    """Whether a name, or what it is an attribute of, is refused."""
    return any(fnmatchcase(name, entry) or fnmatchcase(name, f"{entry}.*") for entry in refused)


def _size_violations(tree: ast.Module, text: str) -> Iterator[tuple[int, str]]:
    lines = len(text.splitlines())
    if lines > MAX_MODULE_LINES:
        yield 1, f"the module has {lines} lines, more than {MAX_MODULE_LINES}; find its second noun"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > MAX_FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {size} lines, more than {MAX_FUNCTION_LINES}"


def imported_at_start(module: str) -> set[str]:
    """The packages of others that importing a module imports, ours followed."""
    waiting, seen, others = [module], set[str](), set[str]()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for node in ast.parse(MODULES[current]).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {*_imported(node), *([str(node.module)] if isinstance(node, ast.ImportFrom) else [])}
                waiting += [name for name in names if name in MODULES]
                others |= {name.partition(".")[0] for name in names} - {PACKAGE}
    return others - set(sys.stdlib_module_names)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_keeps_the_rules(module: str) -> None:
    assert violations(module, MODULES[module]) == []


@pytest.mark.parametrize(
    ("module", "text", "expected"),
    [
        ("model.x", "from orchestrator.tools.git import commit", "model must not import tools"),
        ("model.x", "import orchestrator.render.dockerfile", "model must not import render"),
        ("render.x", "from orchestrator.tools import files", "render must not import tools"),
        ("tools.x", "from orchestrator.render import dockerfile", "tools must not import render"),
        ("tools.x", "from orchestrator.commands.build import command", "tools must not import commands"),
        ("commands.x", "from orchestrator.cli import main", "commands must not import cli"),
        ("errors", "from orchestrator.model import plan", "errors must not import model"),
        ("tools.x", "from . import files", "a relative import"),
        ("tools.x", "def f():\n    import json", "an import that is not at the top of the module"),
        ("tools.x", "if True:\n    import json", "an import that is not at the top of the module"),
        ("tools.x", "import subprocess\nsubprocess.run([])", "processes are started by"),
        ("tools.x", "from subprocess import Popen\nPopen([])", "processes are started by"),
        ("tools.x", "import asyncio\nasyncio.create_subprocess_exec('x')", "processes are started by"),
        ("tools.x", "import os\nos.execvp('x', [])", "processes are started by"),
        ("tools.x", "from os import spawnlp as go\ngo()", "processes are started by"),
        ("tools.x", "import os\nos.system('x')", "processes are started by"),
        ("tools.x", "import os\nos.fork()", "processes are started by"),
        ("tools.x", "import pty\npty.spawn('x')", "processes are started by"),
        ("commands.x", "import os\nos.environ['A']", "environment and clock are read by"),
        ("commands.x", "from os import environ\nenviron['A']", "environment and clock are read by"),
        ("commands.x", "import os\nos.getenv('A')", "environment and clock are read by"),
        ("tools.x", "import time\ntime.time()", "environment and clock are read by"),
        ("tools.x", "import datetime as dt\ndt.datetime.now(dt.UTC)", "environment and clock are read by"),
        ("tools.x", "from datetime import date\ndate.today()", "environment and clock are read by"),
        ("tools.x", "from pathlib import Path\nPath.home()", "environment and clock are read by"),
        ("model.x", "print(1)", "model is pure"),
        ("render.x", "import structlog\nstructlog.get_logger()", "render is pure"),
        ("model.x", "import os\nos.listdir('.')", "model is pure"),
        ("tools.x", "\n" * 301, "the module has 301 lines"),
        ("tools.x", "def f():\n" + "    x = 1\n" * 50, "f has 51 lines"),
    ],
)
def test_a_broken_rule_is_found(module: str, text: str, expected: str) -> None:
    found = violations(f"{PACKAGE}.{module}", text)

    assert len(found) >= 1
    assert all(expected in violation for violation in found)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("tools.process", "import subprocess\nsubprocess.Popen([])"),
        ("cli", "import os\nos.environ"),
        ("tools.x", "import time\ntime.monotonic()\ntime.timeout = 3"),
        ("tools.x", "import os\nos.replace('a', 'b')"),
        ("commands.x", "from orchestrator.tools import inputs\nfrom orchestrator.render import dockerfile"),
        ("tools.x", "def f(environ, subprocess_count):\n    return environ, subprocess_count"),
        ("tools.x", "def f():\n" + "    x = 1\n" * 49),
    ],
)
def test_what_is_allowed_passes(module: str, text: str) -> None:
    assert violations(f"{PACKAGE}.{module}", text) == []


def test_starting_the_command_line_imports_little() -> None:
    assert imported_at_start(EDGE_MODULE) == STARTS_WITH


def test_what_a_verb_imports_is_seen() -> None:
    assert {"click", "pydantic", "yaml"} <= imported_at_start("orchestrator.commands.config")
