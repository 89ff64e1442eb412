"""The whole road on one machine: an engine, a base, 28 builds for seven architectures, tags, and the images run.

`make demo` runs it. Each step is a command that could be typed; it is shown before it is run. Running it again finds
everything built and published.
"""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
TOOL = Path(sys.executable).with_name("orchestrator")
SHARED = "library/hello"
RUN_ON = {"amd64": "linux/amd64", "arm64v8": "linux/arm64/v8", "s390x": "linux/s390x"}

console = Console(highlight=False)


def main() -> int:
    """Run the steps; the first that fails ends the demo with its exit code."""
    start = time.monotonic()
    steps = (
        ("an engine with buildx and emulation", ("engine", "up")),
        ("a registry on loopback", ("registry", "up")),
        ("a tiny base image, from Debian's archive", ("bases", "import", "busybox:trixie", "--arch", "all")),
        ("builds: 2 versions x 2 variants x 7 architectures", ("build", "--arch", "all")),
        ("arch tags, then shared tags", ("publish",)),
    )
    for title, words in steps:
        if status := _shown(title, words):
            console.print(f"[red]demo: this step failed with exit code {status}[/]")
            return status
    address = json.loads(_read("registry", "status", "--format", "json"))["address"]
    host = json.loads(_read("engine", "status", "--format", "json"))["host"]
    status = _run_images(f"{address}/{SHARED}:latest", host)
    _summary(address, host=host, seconds=time.monotonic() - start)
    return status


def _shown(title: str, words: tuple[str, ...]) -> int:
    command = [str(TOOL), "-C", str(HERE), *words]
    console.print(f"\n[bold]{title}[/]\n[dim]$ orchestrator -C {_relative(HERE)} {shlex.join(words)}[/]")
    return subprocess.run(command, check=False).returncode


def _read(*words: str) -> str:
    return subprocess.run([str(TOOL), "-C", str(HERE), *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def _run_images(image: str, host: str) -> int:
    """Pull the shared tag for three platforms and compare what the images say of themselves."""
    console.print("\n[bold]the shared tag, pulled and run[/]")
    wrong = 0
    for arch, platform in RUN_ON.items():
        command = [
            "docker",
            "--host",
            host,
            "run",
            "--rm",
            "--pull",
            "always",
            "--quiet",
            "--platform",
            platform,
            image,
        ]
        console.print(f"[dim]$ {shlex.join(command)}[/]", soft_wrap=True)
        ran = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        console.print(ran.stdout.strip())
        wrong += not ran.stdout.strip().endswith(f"on {arch}")
    return 1 if wrong else 0


def _summary(address: str, *, host: str, seconds: float) -> None:
    """The shared tags, those of one index together, and where to look further."""
    published = json.loads((HERE / "out" / "publish.json").read_text())["tags"]
    shared: dict[tuple[str, str], list[str]] = {}
    arch_repositories: set[str] = set()
    for tag in published:
        repository, _, name = tag["tag"].removeprefix(f"{address}/").rpartition(":")
        if repository == SHARED:
            platforms = " ".join(platform.removeprefix("linux/") for platform in tag["platforms"])
            shared.setdefault((tag["after"], platforms), []).append(name)
        else:
            arch_repositories.add(repository)
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    table.add_column(f"{address}/{SHARED}", ratio=3)
    table.add_column("platforms", ratio=2)
    for (_, platforms), names in shared.items():
        table.add_row(", ".join(names), platforms)
    console.print()
    console.print(table)
    folder = _relative(HERE)
    lines = (
        f"The same tags, each for one architecture: {', '.join(sorted(arch_repositories))}",
        "",
        f"Done in {seconds:.0f} s. To look further:",
        f"  docker buildx imagetools inspect {address}/{SHARED}:latest",
        f"  docker --host {host} run --rm --platform linux/riscv64 {address}/{SHARED}:slim",
        f"  .venv/bin/orchestrator -C {folder} list",
        f"  .venv/bin/orchestrator -C {folder} why 2.0/trixie@s390x",
        f"  less {folder}/out/logs/2.0/trixie@s390x.log",
        "To stop what was started:",
        "  .venv/bin/orchestrator registry down; .venv/bin/orchestrator engine down",
    )
    for line in lines:
        console.print(line, soft_wrap=True)


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
