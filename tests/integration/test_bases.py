import io
import json
import os
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import UnavailableError
from orchestrator.model.bases import ResolvedBase, mirrors
from orchestrator.model.platforms import ARCHES
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.bases import resolve
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import DockerCredentials
from tests.real import docker, orchestrator

pytestmark = pytest.mark.integration

SUITE = "trixie"
BUSYBOX = Reference.parse(f"busybox:{SUITE}")
DEBIAN_ARCHES = ("amd64", "arm32v5", "arm32v7", "arm64v8", "i386", "ppc64le", "riscv64", "s390x")
_LAYER_MAX_BYTES = 16 * 1024 * 1024
_MACHINE = slice(18, 20)
"""Where ``e_machine`` stands in an ELF header."""


@pytest.fixture(scope="module")
def imported(registry: str, state: Path) -> list[dict[str, Any]]:
    """A tiny base on every arch of Debian in the registry."""
    return _import(f"busybox:{SUITE}", "--arch", "all", state=state)


def _import(*words: str, state: Path) -> list[dict[str, Any]]:
    document = json.loads(orchestrator("bases", "import", *words, "--format", "json", state=state).stdout)
    found: list[dict[str, Any]] = document["imported"]
    return found


def test_a_tiny_base_is_made_for_every_arch_of_debian(imported: list[dict[str, Any]]) -> None:
    assert tuple(each["arch"] for each in imported) == DEBIAN_ARCHES


def test_made_again_it_is_the_same(imported: list[dict[str, Any]], state: Path) -> None:
    again = _import(f"busybox:{SUITE}", "--arch", "all", state=state)

    assert again == [{**each, "changed": False} for each in imported]


@pytest.mark.parametrize("arch", DEBIAN_ARCHES)
def test_it_runs_on_its_platform(imported: list[dict[str, Any]], registry: str, engine: Engine, arch: str) -> None:
    platform = str(ARCHES[arch].platform)
    name = f"{registry}/{BUSYBOX.path}:{SUITE}"

    said = docker(
        engine, "run", "--rm", "--pull", "always", "--platform", platform, name, "sh", "-c", "ls /bin/sh; id -un"
    )

    assert said.splitlines() == ["/bin/sh", "root"]


async def test_each_arch_is_resolved_to_programs_of_that_arch(imported: list[dict[str, Any]], registry: str) -> None:
    mirrored = mirrors({"docker.io": ["local"]}, local=registry)
    async with Registry(credentials=DockerCredentials(dict(os.environ))) as client:
        found = await resolve([(BUSYBOX, arch) for arch in DEBIAN_ARCHES], registry=client, mirrors=mirrored)
        asked = dict(client.requests)
        resolved = {base.arch: base for base in found.values() if isinstance(base, ResolvedBase)}
        machines = {
            arch: await _machine(client, base.pinned.repository, base.digest) for arch, base in resolved.items()
        }

    assert asked == {"GET": 1}
    assert machines == {arch: ARCHES[arch].elf_machine for arch in DEBIAN_ARCHES}
    assert [str(resolved[each["arch"]].pinned) for each in imported] == [each["reference"] for each in imported]


async def _machine(client: Registry, repository: Repository, digest: str) -> int:
    document = await client.document(repository.at(digest))
    assert document is not None
    layer = await client.blob(repository, document.layers[0].digest, max_bytes=_LAYER_MAX_BYTES)
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:gz") as tar:
        program = tar.extractfile("usr/bin/busybox")
        assert program is not None
        header = program.read(64)
    return int.from_bytes(header[_MACHINE], "little" if header[5] == 1 else "big")


def test_a_whole_system_installs_packages_and_leaves_nothing_of_it(registry: str, engine: Engine, state: Path) -> None:
    made = _import(f"debian:{SUITE}-slim", state=state)

    install = "apt-get update -qq && apt-get install -qq --no-install-recommends tini >/dev/null 2>&1 && tini --version"
    look = "ls /var/cache/apt/archives/*.deb /usr/share/man/man* /etc/resolv.conf.orig 2>/dev/null | head -n 3"
    said = docker(engine, "run", "--rm", made[0]["reference"], "sh", "-c", f"{install}; {look}")

    assert [line.partition(" ")[0] for line in said.splitlines()] == ["tini"]


async def test_a_base_whose_registry_cannot_be_reached_is_told_within_seconds() -> None:
    began = time.monotonic()

    async with Registry(credentials=DockerCredentials(dict(os.environ))) as client:
        with pytest.raises(UnavailableError) as raised:
            await resolve([(Reference.parse("nowhere.invalid/alpine:3.24"), "amd64")], registry=client, mirrors={})

    assert str(raised.value).startswith("base nowhere.invalid/alpine:3.24 cannot be resolved (")
    assert "make nowhere.invalid reachable, or name a mirror of it" in str(raised.value)
    assert time.monotonic() - began < 5


def test_bases_are_listed_with_where_they_are_pulled_from(
    imported: list[dict[str, Any]], registry: str, state: Path, tmp_path: Path
) -> None:
    image = _image(tmp_path / "image", arches=("amd64", "s390x"))

    listed = orchestrator("-C", str(image), "--mirror", "docker.io=local", "bases", "list", state=state)

    digests = {each["arch"]: each["reference"].partition("@")[2] for each in imported}
    assert listed.stdout.splitlines() == [
        f"busybox:{SUITE}  amd64  {digests['amd64']}  {registry}/library/busybox",
        f"busybox:{SUITE}  s390x  {digests['s390x']}  {registry}/library/busybox",
    ]


def test_a_base_without_the_platform_is_listed_as_a_problem(
    imported: list[dict[str, Any]], state: Path, tmp_path: Path
) -> None:
    image = _image(tmp_path / "image", arches=("amd64", "mips64le"))
    words = ("-C", str(image), "--mirror", "docker.io=local", "bases", "list", "--format", "json")

    listed = orchestrator(*words, state=state, check=False)

    document: Mapping[str, Any] = json.loads(listed.stdout)
    assert (listed.returncode, document["exit_code"], document["bases"]) == (2, 2, [])
    assert document["problems"][0].startswith(f"base busybox:{SUITE} has no linux/mips64le; ")
    assert listed.stderr.splitlines()[-1] == f"error: {document['problems'][0]}"


def _image(root: Path, *, arches: tuple[str, ...]) -> Path:
    (root / "templates" / "dockerfile").mkdir(parents=True)
    config = {"image": "tool", "bases": {"slim": "busybox:{release}"}, "architectures": {"slim": list(arches)}}
    (root / "versions.json").write_text(json.dumps({"1.0": {"version": "1.0.0", "variants": [f"slim-{SUITE}"]}}))
    (root / "orchestrator.yaml").write_text(json.dumps(config))
    (root / "templates" / "dockerfile" / "slim.j2").write_text("FROM {{ base }}\n")
    return root
