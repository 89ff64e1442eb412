"""The shipped Dockerfiles before those who judge them: BuildKit, shellcheck, busybox and gpg."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.model.catalog import Catalog
from orchestrator.model.facts import facts
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import SystemRunner
from tests.integration import fake_base
from tests.templates import shipped

pytestmark = pytest.mark.integration

AT_ONCE = 4
VERSION = {"3.11": "3.11.15", "3.13": "3.13.14", "3.14": "3.14.6"}


async def failures(
    engine: Engine, runner: SystemRunner, folders: Mapping[Path, str], *, empty: Path
) -> Mapping[Path, str]:
    """What BuildKit says of Dockerfiles that it does not take, by folder; the value of `folders` is the base."""
    knows_call = "--call" in (await runner.run(["docker", "buildx", "build", "--help"])).stdout
    places = asyncio.Semaphore(AT_ONCE)

    async def failure(folder: Path, base: str) -> str:
        command = [
            *("docker", "buildx", "build"),
            "--call=outline" if knows_call else "--print=outline",
            *("--output", "type=cacheonly"),
            *("--build-context", f"{base}={empty}"),
            str(folder),
        ]
        async with places:
            finished = await runner.run(command, check=False, env={**engine.environment, "BUILDX_EXPERIMENTAL": "1"})
        return finished.stderr if finished.returncode else ""

    found = await asyncio.gather(*(failure(folder, base) for folder, base in folders.items()))
    return {folder: text for folder, text in zip(folders, found, strict=True) if text}


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the bases are replaced by, where nothing is run."""
    return tmp_path_factory.mktemp("empty")


async def test_buildkit_takes_every_dockerfile(engine: Engine, runner: SystemRunner, empty: Path) -> None:
    folders = {
        shipped.ROOT / shipped.config().dockerfiles / each.line / each.variant.path: each.base
        for each in shipped.all_facts()
    }

    assert await failures(engine, runner, folders, empty=empty) == {}


@pytest.mark.parametrize(
    ("broken", "said"),
    [("RUNN id", "unknown instruction: RUNN"), ("ADD --checksum=sha256:1 https://example.org/a /", "checksum")],
)
async def test_buildkit_would_refuse_a_wrong_one(
    engine: Engine, runner: SystemRunner, tmp_path: Path, empty: Path, broken: str, said: str
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM debian:trixie-slim\n{broken}\n")

    found = await failures(engine, runner, {tmp_path: "debian:trixie-slim"}, empty=empty)

    assert list(found) == [tmp_path]
    assert said in found[tmp_path]


def written(scripts: Iterable[str], folder: Path) -> list[str]:
    """The files with these scripts, equal ones once."""
    paths = []
    for number, script in enumerate(dict.fromkeys(scripts)):
        path = folder / f"{number}.sh"
        path.write_text(script)
        paths.append(str(path))
    return paths


async def test_shellcheck_has_nothing_to_say(runner: SystemRunner, tmp_path: Path) -> None:
    linux = [text for name, text in shipped.dockerfiles().items() if "windows" not in name]
    paths = written((script for text in linux for script in shipped.scripts(text)), tmp_path)

    finished = await runner.run(["shellcheck", "--shell=sh", "--severity=style", *paths], check=False)

    assert len(paths) > 12
    assert (finished.returncode, finished.stdout) == (0, "")


async def test_busybox_reads_what_alpine_runs(runner: SystemRunner, tmp_path: Path) -> None:
    alpine = [text for name, text in shipped.dockerfiles().items() if "alpine" in name]
    paths = written((script for text in alpine for script in shipped.scripts(text)), tmp_path)

    finished = [await runner.run(["busybox", "sh", "-n", path], check=False) for path in paths]

    assert len(paths) > 4
    assert [(each.returncode, each.stderr) for each in finished] == [(0, "")] * len(paths)


@dataclass(frozen=True, slots=True)
class Built:
    """What a Dockerfile did on the fake base."""

    returncode: int
    stderr: str
    calls: tuple[str, ...]
    files: tuple[str, ...]
    """What lies below /usr in the end; links with what they point to."""

    def options(self, program: str) -> tuple[str, ...]:
        return tuple(call.removeprefix(f"{program} ") for call in self.calls if call.startswith(f"{program} "))


async def built(
    name: str, engine: Engine, runner: SystemRunner, folder: Path, *, triplet: str, optimize: str = "yes"
) -> Built:
    """Build the Dockerfile of a target, such as `3.14/slim-trixie`, on the fake base."""
    line, _, variant = name.partition("/")
    source = fake_base.tarball()
    entry = {"version": VERSION[line], "variants": [variant], "setuptools": {"version": "79.0.1"}}
    checksums = {"source": {"sha256": hashlib.sha256(source).hexdigest()}}
    known = facts(Catalog.model_validate({line: {**entry, "checksums": checksums}}), shipped.config())
    context, base, sources, out = (folder / part for part in ("context", "base", "source", "out"))
    context.mkdir()
    sources.mkdir()
    (context / "Dockerfile").write_text(shipped.rendered(known)[name])
    (sources / f"Python-{VERSION[line]}.tar.xz").write_bytes(source)
    busybox = Path(shutil.which("busybox") or "")
    applets = (await runner.run([str(busybox), "--list"])).stdout.split()
    fake_base.write(base, busybox=busybox, applets=applets, triplet=triplet)
    command = [
        *("docker", "buildx", "build"),
        *("--build-arg", f"PYTHON_OPTIMIZE={optimize}"),
        *("--build-context", f"{known[0].base}={base}"),
        *("--build-context", f"source={sources}"),
        *("--output", f"type=local,dest={out}"),
        *("--network", "none"),
        *("--progress", "plain"),
        str(context),
    ]
    finished = await runner.run(command, check=False, env=engine.environment)
    calls = (out / "calls").read_text().splitlines() if finished.returncode == 0 else ()
    return Built(finished.returncode, finished.stderr, tuple(calls), tuple(_listed(out / "usr")))


def _listed(folder: Path) -> list[str]:
    return sorted(
        f"{path.relative_to(folder)} -> {path.readlink()}" if path.is_symlink() else str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    )


FRAME_POINTERS = "-fno-omit-frame-pointer"
LEAF_FRAME_POINTERS = f"{FRAME_POINTERS} -mno-omit-leaf-frame-pointer"
DEBIAN_CFLAGS = "-O2-for-CFLAGS"
MUSL_CFLAGS = "-DTHREAD_STACK_SIZE=0x100000"


@pytest.mark.parametrize(
    ("name", "triplet", "optimize", "options", "cflags"),
    [
        (
            "3.14/slim-trixie",
            "x86_64-linux-gnu",
            "yes",
            ("--enable-optimizations", "--with-lto"),
            f"{DEBIAN_CFLAGS} {LEAF_FRAME_POINTERS}",
        ),
        ("3.14/trixie", "s390x-linux-gnu", "no", (), f"{DEBIAN_CFLAGS} {FRAME_POINTERS}"),
        (
            "3.13/slim-bookworm",
            "riscv64-linux-gnu",
            "yes",
            ("--enable-optimizations",),
            f"{DEBIAN_CFLAGS} {FRAME_POINTERS}",
        ),
        ("3.13/slim-trixie", "i686-linux-gnu", "no", (), DEBIAN_CFLAGS),
        (
            "3.11/slim-trixie",
            "aarch64-linux-gnu",
            "yes",
            ("--enable-optimizations", "--with-lto"),
            DEBIAN_CFLAGS,
        ),
        ("3.14/alpine3.24", "aarch64-linux-musl", "yes", ("--with-lto",), f"{MUSL_CFLAGS} {LEAF_FRAME_POINTERS}"),
        ("3.14/alpine3.24", "riscv64-linux-musl", "yes", (), f"{MUSL_CFLAGS} {FRAME_POINTERS}"),
        ("3.14/alpine3.24", "i586-linux-musl", "no", (), MUSL_CFLAGS),
    ],
)
async def test_architectures_differ_where_they_must(
    engine: Engine,
    runner: SystemRunner,
    tmp_path: Path,
    name: str,
    triplet: str,
    optimize: str,
    options: tuple[str, ...],
    cflags: str,
) -> None:
    result = await built(name, engine, runner, tmp_path, triplet=triplet, optimize=optimize)

    assert result.returncode == 0, result.stderr
    assert result.options("configure") == (
        f"--build={triplet}",
        "--enable-loadable-sqlite-extensions",
        "--enable-option-checking=fatal",
        "--enable-shared",
        "--with-ensurepip",
        *options,
    )
    flags = [call.partition(" EXTRA_CFLAGS=")[2].partition(" LDFLAGS=")[0] for call in result.options("make")]
    assert flags == [cflags, cflags, ""]


async def test_a_word_that_is_neither_yes_nor_no_is_refused(
    engine: Engine, runner: SystemRunner, tmp_path: Path
) -> None:
    result = await built("3.14/slim-trixie", engine, runner, tmp_path, triplet="x86_64-linux-gnu", optimize="fast")

    assert result.returncode != 0
    assert "PYTHON_OPTIMIZE must be yes or no, not 'fast'" in result.stderr


INSTALLED = (
    "local/bin/idle -> idle3",
    "local/bin/idle3",
    "local/bin/pip -> pip3",
    "local/bin/pip3",
    "local/bin/pydoc -> pydoc3",
    "local/bin/pydoc3",
    "local/bin/python -> python3",
    "local/bin/python-config -> python3-config",
    "local/bin/python3",
    "local/bin/python3-config",
    "local/lib/libpython3.so",
    "local/lib/python3/os.py",
)


async def test_a_slim_image_keeps_only_what_it_needs(engine: Engine, runner: SystemRunner, tmp_path: Path) -> None:
    result = await built("3.11/slim-trixie", engine, runner, tmp_path, triplet="x86_64-linux-gnu")

    assert result.returncode == 0, result.stderr
    assert result.files == INSTALLED
    after_install = result.calls[result.calls.index("make install") + 1 :]
    assert after_install == (
        "ldconfig ",
        "apt-mark auto .*",
        "apt-mark manual base-package",
        "dpkg-query --search */lib/x86_64-linux-gnu/libz.so.1",
        "apt-mark manual zlib1g:amd64",
        "apt-get purge --yes --auto-remove "
        "-o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false",
        "apt-get dist-clean",
        "pip3 install --no-index setuptools==79.0.1",
        "pip3 install --disable-pip-version-check --no-cache-dir --no-compile --no-deps "
        "--requirement /tmp/requirements.txt",
        "python3 --version",
        "pip3 --version",
    )


async def test_a_full_image_helps_gdb(engine: Engine, runner: SystemRunner, tmp_path: Path) -> None:
    result = await built("3.13/trixie", engine, runner, tmp_path, triplet="x86_64-linux-gnu")

    assert result.returncode == 0, result.stderr
    assert result.files == (*INSTALLED, "share/gdb/auto-load/usr/local/bin/python3-gdb.py")


async def test_an_alpine_image_keeps_only_what_it_needs(engine: Engine, runner: SystemRunner, tmp_path: Path) -> None:
    result = await built("3.13/alpine3.24", engine, runner, tmp_path, triplet="x86_64-linux-musl")

    assert result.returncode == 0, result.stderr
    assert result.files == INSTALLED
    after_install = result.calls[result.calls.index("make install") + 1 :]
    assert after_install == (
        "apk add --no-network --virtual .python-rundeps so:libz.so.1",
        "apk del --no-network .build-deps",
        "python3 --version",
        "pip3 --version",
    )


@dataclass(frozen=True, slots=True)
class Signed:
    """A folder like the stage `source`, signed by a key that was made for the test."""

    folder: Path
    public_key: Path
    fingerprint: str


async def signed(runner: SystemRunner, folder: Path, *, by: str) -> Signed:
    """Sign a stand-in for the tarball by a new key."""
    home = folder / by
    home.mkdir(mode=0o700)
    env = {"GNUPGHOME": str(home)}
    source = folder / f"source-{by}"
    source.mkdir()
    file = source / "Python-3.13.14.tar.xz"
    file.write_bytes(b"what the release manager released")
    try:
        key = ["--quick-generate-key", f"{by} of the test", "ed25519", "sign", "never"]
        await runner.run(["gpg", "--batch", "--passphrase", "", *key], env=env)
        listed = (await runner.run(["gpg", "--batch", "--with-colons", "--list-keys"], env=env)).stdout
        await runner.run(["gpg", "--batch", "--armor", "--detach-sign", str(file)], env=env)
        await runner.run(["gpg", "--batch", "--armor", "--output", f"{folder}/{by}.asc", "--export"], env=env)
    finally:
        await runner.run(["gpgconf", "--kill", "all"], env=env)
    fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    return Signed(source, folder / f"{by}.asc", fingerprint)


async def verification(runner: SystemRunner, source: Signed, *, key: str) -> int:
    """Run the part of the Dockerfile that asks gpg; a key server gave the signer's key when asked for `key`."""
    shutil.copyfile(source.public_key, source.folder / f"{key}.asc")
    script = next(text for text in shipped.scripts(shipped.dockerfiles()["3.13/slim-trixie"]) if "gpg" in text)
    check = script[script.index("GNUPGHOME=") : script.index("mkdir -p /usr/src/python")]
    check = check.replace("/mnt/", f"{source.folder}/")
    environment = {"GPG_KEY": key, "PYTHON_VERSION": "3.13.14"}
    # A short path, for gpg's sockets are below it.
    with tempfile.TemporaryDirectory(prefix="gpg-") as homes:
        done = await runner.run(["sh", "-eu", "-c", check], check=False, env={**environment, "TMPDIR": homes})
        # In a build an agent that is left ends with its container.
        end_agents = 'for home in "$0"/*; do GNUPGHOME="$home" gpgconf --kill all; done'
        await runner.run(["sh", "-c", end_agents, homes])
    return done.returncode


async def test_the_signature_must_be_by_the_pinned_key(runner: SystemRunner, tmp_path: Path) -> None:
    manager = await signed(runner, tmp_path, by="manager")
    stranger = await signed(runner, tmp_path, by="stranger")

    genuine = await verification(runner, manager, key=manager.fingerprint)
    by_another = await verification(runner, stranger, key=manager.fingerprint)
    (manager.folder / "Python-3.13.14.tar.xz").write_bytes(b"what somebody made of it")
    tampered = await verification(runner, manager, key=manager.fingerprint)

    assert genuine == 0
    assert by_another != 0
    assert tampered != 0
