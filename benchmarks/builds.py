"""Builds on the real engine against the same builds by buildx alone: with nothing to do, cold, and long ones."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import bake, images
from benchmarks.measuring import Measured, by_turns, measured, patiently, read
from benchmarks.place import BAKED, TOOL, Place
from benchmarks.results import Row

TINY = 42
"""How many tiny builds."""
_TINY = """\
ENV TINY_VERSION={{{{ version }}}}
RUN echo "$TINY_VERSION {nonce}" > /tiny
CMD ["cat", "/tiny"]
"""
_LONG = """\
RUN i=0; while [ "$i" -lt {tenths} ]; do echo "{nonce} $i"; sleep 0.1; i=$((i + 1)); done
RUN head -c {bytes} /dev/urandom > /large
"""
_LARGE_BYTES = 32_000_000
_SHIM = """\
#!/bin/sh
echo "$*" >> {asked}
exec {docker} "$@"
"""


def rows(where: Place, *, rounds: int, long_seconds: int) -> Iterator[Row]:
    """Build 42 tiny images, and a long one; every build of every round is one that no cache knows."""
    bench = _prepared(where)
    bake_all = "`docker buildx bake`, all at once"
    cold, at_once, baked = by_turns(
        rounds,
        lambda: bench.built(bench.tiny("tiny")),
        lambda: bench.built(bench.tiny("wide"), "--jobs", str(TINY)),
        lambda: bench.baked(bench.tiny("baked")),
    )
    yield Row(f"{TINY} tiny builds, cold, one for each processor at a time", cold, "", baked, bake_all)
    yield Row(f"{TINY} tiny builds, cold, all at once", at_once, "", baked, bake_all)
    again, baked_again = by_turns(
        rounds, partial(bench.built, bench.root("tiny")), partial(bench.baked, bench.root("baked"))
    )
    note = f"{bench.docker_started('tiny')} processes of Docker"
    yield Row(f"{TINY} builds, nothing to do", again, note, baked_again, "`docker buildx bake`")
    long, alone = by_turns(
        rounds,
        lambda: bench.built(bench.long("long", seconds=long_seconds)),
        lambda: bench.built_alone(bench.long("alone", seconds=long_seconds)),
    )
    to_layout = "`docker buildx build` to a layout, not pushed"
    yield Row(f"one build of {long_seconds} s, 32 MB of it new", long, "", alone, to_layout)


@dataclass(frozen=True, slots=True)
class _Bench:
    """Families in a place that has their base."""

    where: Place

    def root(self, name: str) -> Path:
        return self.where.folder / name

    def tiny(self, name: str) -> Path:
        return self._family(name, _TINY.format(nonce=secrets.token_hex(8)), lines=TINY // len(images.VARIANTS))

    def long(self, name: str, *, seconds: int) -> Path:
        dockerfile = _LONG.format(nonce=secrets.token_hex(8), tenths=10 * seconds, bytes=_LARGE_BYTES)
        return self._family(name, dockerfile, lines=1, variants=images.VARIANTS[:1])

    def _family(self, name: str, dockerfile: str, **size: Any) -> Path:
        """A rendered family with its bake file, in the place of an earlier one of its name."""
        root = self.root(name)
        shutil.rmtree(root, ignore_errors=True)
        images.write(root, arch=self.where.arch, dockerfile=dockerfile, registry=self.where.registry, **size)
        self._said(root, "render")
        bake.write(root, self._builds(root), repository=self._repository(root))
        return root

    def _builds(self, root: Path) -> Any:
        return json.loads(self._said(root, "plan", "--format", "json"))["builds"]

    def _repository(self, root: Path) -> str:
        """Where buildx pushes to when it is alone."""
        return f"{self.where.registry}/{BAKED}/{root.name}"

    def built(self, root: Path, *words: str) -> Measured:
        return measured((*TOOL, "-C", str(root), "build", *words), env=self.where.environment)

    def baked(self, root: Path) -> Measured:
        return measured(bake.command(root), env=self.where.environment)

    def built_alone(self, root: Path) -> Measured:
        """By buildx without the tool: the one build of a family."""
        [build] = self._builds(root)
        return measured(bake.one_command(root, build), env=self.where.environment)

    def docker_started(self, name: str) -> int:
        """How often a build with nothing to do starts Docker's client, seen by one that stands before it on PATH."""
        folder = self.where.folder / "bin"
        folder.mkdir()
        asked, docker = folder / "asked", folder / "docker"
        asked.touch()
        docker.write_text(_SHIM.format(asked=asked, docker=shutil.which("docker")))
        docker.chmod(0o755)
        self._said(self.root(name), "build", PATH=f"{folder}:{os.environ['PATH']}")
        return len(asked.read_text().splitlines())

    def _said(self, root: Path, *words: str, **environment: str) -> str:
        return read((*TOOL, "-C", str(root), *words), env={**self.where.environment, **environment})


def _prepared(where: Place) -> _Bench:
    """Bring the base to the registry, and to the engine, so that no build pays for it."""
    bench = _Bench(where)
    root = images.write(where.folder / "base", lines=1, arch=where.arch, dockerfile="", registry=where.registry)
    read((*TOOL, "-C", str(root), "bases", "import", images.BASE, "--arch", where.arch), env=where.environment)
    patiently(lambda: bench.baked(bench.tiny("warm")))
    return bench
