"""Builds Python 3.13 slim for real on a machine that reaches nothing but Debian's archive.

`make e2e-python` runs it: the base image and the tarball of CPython 3.13.5 come from Debian (whose source package
holds upstream's own tarball, its signature and the release manager's key), the Dockerfile from the shipped template.
The image is built, smoke-tested, staged, published, pulled and run. `--optimize` builds with PGO and LTO.
"""

import argparse
import asyncio
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import yaml

from orchestrator.tools.debian.apt import Apt
from orchestrator.tools.logs import configure_logging
from orchestrator.tools.process import SystemRunner

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "out" / "e2e-python"
TOOL = Path(sys.executable).with_name("orchestrator")

SUITE = "trixie"
VERSION = "3.13.5"
SHA256 = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640"
"""Of upstream's tarball; python.org's own figure."""
KEY = "7169605F62C751356D054A26A821E680E5FA6305"
"""Fingerprint of the release manager's key, as orchestrator.yaml has it."""
LINE, VARIANT = "3.13", f"slim-{SUITE}"


def main() -> int:
    """Prepare a copy of the image's folder, then run the verbs; the first that fails ends it with its exit code."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--optimize", action="store_true", help="with PGO and LTO, as it is shipped; much longer")
    optimize = arguments.parse_args().optimize
    configure_logging(as_json=False, verbose=False)
    start = time.monotonic()
    downloads = _downloads()
    _prepare()
    selected = ("--version", LINE, "--variant", VARIANT)
    quick = () if optimize else ("--build-arg", "PYTHON_OPTIMIZE=no")
    for words in (
        ("engine", "up"),
        ("registry", "up"),
        ("bases", "import", f"debian:{SUITE}-slim"),
        ("sources", "add", *map(str, downloads)),
        ("build", *selected, *quick),
        ("publish", *selected, *quick),
    ):
        if status := _shown(words):
            return status
    status = _run()
    print(f"\nall of it took {time.monotonic() - start:.0f} s", file=sys.stderr)
    return status


def _downloads() -> list[Path]:
    """Upstream's tarball, signature and key out of Debian's source package, under upstream's names."""
    folder = WORK / "downloads"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    apt = Apt(WORK, SystemRunner(dict(os.environ)))
    asyncio.run(apt.download_source(f"python{LINE}", suite=SUITE, into=folder))
    (tarball,) = folder.glob("*.orig.tar.xz")
    (signature,) = folder.glob("*.orig.tar.xz.asc")
    (packaging,) = folder.glob("*.debian.tar.xz")
    if hashlib.sha256(tarball.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"error: Debian's python{LINE} is not {VERSION} any more: {tarball.name}")
    key = folder / f"{KEY}.asc"
    with tarfile.open(packaging) as archive:
        member = archive.extractfile("debian/upstream/signing-key.asc")
        key.write_bytes(member.read() if member else b"")
    return [
        tarball.rename(folder / f"Python-{VERSION}.tar.xz"),
        signature.rename(folder / f"Python-{VERSION}.tar.xz.asc"),
        key,
    ]


def _prepare() -> None:
    """The shipped inputs with this version, for this architecture alone, and with the base in the local registry."""
    catalog = json.loads((ROOT / "versions.json").read_text())
    catalog[LINE] |= {"version": VERSION}
    catalog[LINE]["checksums"]["source"]["sha256"] = SHA256
    (WORK / "versions.json").write_text(json.dumps(catalog, indent=2) + "\n")
    config = yaml.safe_load((ROOT / "orchestrator.yaml").read_text())
    config["architectures"][VARIANT] = ["amd64"]
    config["mirrors"] = {"docker.io": "local"}
    (WORK / "orchestrator.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    shutil.copytree(ROOT / "templates", WORK / "templates", dirs_exist_ok=True)


def _run() -> int:
    """Pull the shared tag and ask it what it is."""
    address = json.loads(_output(str(TOOL), "registry", "status", "--format", "json"))["address"]
    host = json.loads(_output(str(TOOL), "engine", "status", "--format", "json"))["host"]
    image = f"{address}/library/python:{VERSION}-{VARIANT}"
    docker = ("docker", "--host", host)
    print(f"$ docker run --rm {image} python3 -VV", file=sys.stderr)
    said = _output(*docker, "run", "--rm", "--quiet", "--pull", "always", image, "python3", "-VV")
    print(said.strip())
    size = int(_output(*docker, "image", "inspect", "--format", "{{.Size}}", image))
    print(f"{image}: {size / 1e6:.1f} MB, as it travels", file=sys.stderr)
    return 0 if said.startswith(f"Python {VERSION} ") else 1


def _shown(words: tuple[str, ...]) -> int:
    print(f"\n$ orchestrator -C {WORK.relative_to(ROOT)} {shlex.join(words)}", file=sys.stderr)
    return subprocess.run([str(TOOL), "-C", str(WORK), *words], check=False).returncode


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
