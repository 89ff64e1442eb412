"""Makes root file systems from the packages of Debian's archive."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from orchestrator.errors import ContractBrokenError, UnavailableError
from orchestrator.model.debian import busybox
from orchestrator.model.debian.bases import Recipe
from orchestrator.model.debian.release import Release
from orchestrator.model.platforms import ARCHES
from orchestrator.tools.process import Runner

_BUSYBOX = "busybox-static"

# What stays out of a slim image; licences stay in. dpkg keeps to it when more is installed later.
_SLIM_DPKG = (
    *("path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright"),
    *(f"path-exclude=/usr/share/{folder}/*" for folder in ("groff", "info", "linda", "lintian", "locale", "man")),
)
# So that what users install on top leaves no downloads, caches and translations in their layers.
_SMALL_APT = (
    'Acquire::GzipIndexes "true"',
    'Acquire::Languages "none"',
    'APT::AutoRemove::SuggestsImportant "false"',
    'Dir::Cache::pkgcache ""',
    'Dir::Cache::srcpkgcache ""',
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb"; }',
)
PROGRAM = "mmdebstrap"
_OPEN_MODE = 0o755
_REASONS = 3
_SOURCES = "debian.sources"
_OUTPUT = "root.tar"
# mmdebstrap copies these from the machine; a container gets its own.
_OF_THE_MACHINE = ("etc/hostname", "etc/resolv.conf")


class Archive(Protocol):
    """Debian's archive, its signatures checked."""

    async def release(self, suite: str, *, arch_name: str) -> Release:
        """What the archive says of a suite, asked for one of its arches."""

    async def download(self, package: str, *, suite: str, arch_name: str, into: Path) -> Path:
        """Fetch a package of any arch into a folder that exists."""

    @property
    def updates(self) -> bool:
        """Whether a suite comes with its updates."""

    def sources(self, suite: str) -> str:
        """The text of a `.sources` file that names a suite, with its updates or without."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What roots are made with."""

    archive: Archive
    runner: Runner
    as_root: bool


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system, and where it comes from."""

    archive: Path | bytes
    """Its tar archive."""
    made_from: str
    created: datetime


async def make(recipe: Recipe, *, arch_name: str, release: Release, tools: Tools, folder: Path) -> Root:
    """Make the root file system of a base in an empty folder; equal packages give equal bytes.

    Raises UnavailableError when the archive or a program fails, ProgramMissingError when a program is not there.
    """
    if recipe.family == "busybox":
        return await _tiny(recipe, arch_name=arch_name, tools=tools, folder=folder)
    has_updates = tools.archive.updates
    _prepare(folder, tools.archive.sources(recipe.suite))
    command = system_command(recipe, arch_name=arch_name, folder=folder, as_root=tools.as_root)
    environment = {"SOURCE_DATE_EPOCH": str(int(release.date.timestamp())), "TMPDIR": str(folder)}
    finished = await tools.runner.run(command, env=environment, check=False)
    if finished.returncode:
        raise UnavailableError(_why_failed(recipe, arch_name, finished.stderr, updates=has_updates))
    updates = "with updates" if has_updates else "without updates"
    return Root(folder / _OUTPUT, f"the packages of {recipe.suite} ({release.date:%Y-%m-%d}, {updates})", release.date)


def system_command(recipe: Recipe, *, arch_name: str, folder: Path, as_root: bool) -> list[str]:
    """The mmdebstrap command that makes a Debian system from the sources in a folder."""
    small = _SLIM_DPKG if recipe.slim else ()
    return [
        # What root mounts must be gone with the program, however it ends; for others mmdebstrap sees to it itself.
        *(("unshare", "--mount") if as_root else ()),
        PROGRAM,
        *("--variant", "minbase"),
        *("--architectures", ARCHES[arch_name].debian),
        *("--format", "tar"),
        # A container gets its devices from its runtime.
        *("--skip", "output/dev"),
        *(f"--dpkgopt={option}" for option in small),
        *(f"--aptopt={option}" for option in _SMALL_APT),
        *(("--include", ",".join(recipe.packages)) if recipe.packages else ()),
        f"--customize-hook=rm -f {' '.join(f'$1/{path}' for path in _OF_THE_MACHINE)}",
        recipe.suite,
        str(folder / _OUTPUT),
        str(folder / _SOURCES),
    ]


def _why_failed(recipe: Recipe, arch_name: str, stderr: str, *, updates: bool) -> str:
    reasons = [line.removeprefix("E: ") for line in stderr.splitlines() if line.startswith("E: ")]
    hint = "; `--no-updates` leaves out the updates, if it is these that the mirror lacks" if updates else ""
    return f"{recipe} for {arch_name}: {PROGRAM} failed: {'; '.join(reasons[:_REASONS]) or stderr[-200:]}{hint}"


def _prepare(folder: Path, sources: str) -> None:
    (folder / _SOURCES).write_text(sources, encoding="utf-8")
    # apt drops its rights while it downloads, so others must be able to enter.
    folder.chmod(_OPEN_MODE)


async def _tiny(recipe: Recipe, *, arch_name: str, tools: Tools, folder: Path) -> Root:
    """Put the one program in its place without running anything, so that any machine can do it for any other."""
    package = await tools.archive.download(_BUSYBOX, suite=recipe.suite, arch_name=arch_name, into=folder)
    unpacked = folder / "unpacked"
    await tools.runner.run(("dpkg-deb", "--extract", str(package), str(unpacked)))
    version = (await tools.runner.run(("dpkg-deb", "--field", str(package), "Version"))).stdout.strip()
    try:
        # Before trixie it lay in /bin.
        program = next(path for path in (unpacked / "usr/bin/busybox", unpacked / "bin/busybox") if path.is_file())
        licence = (unpacked / "usr/share/doc" / _BUSYBOX / "copyright").read_bytes()
        entries = busybox.root(program.read_bytes(), copyright_text=licence)
    except (StopIteration, OSError, ValueError) as error:
        raise ContractBrokenError(f"{package.name} is not as it was until now: {error}") from error
    time = int(program.stat().st_mtime)
    created = datetime.fromtimestamp(time, UTC)
    return Root(busybox.archive(entries, mtime=time), f"{_BUSYBOX} {version} of {recipe.suite}", created)
