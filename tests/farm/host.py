"""A builder host from within: the first process of its own namespaces, with an engine and an agent that runs commands.

It has no network but loopback, and there the registry's address, which leads out through a unix socket. The agent reads
requests from stdin, a JSON document a line, and answers on stdout, `{"id": 1, "code": 0}`; commands run side by side.
When stdin ends, or this process is killed, the kernel ends all that runs here.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import IO, Any

from tests.farm.relay import way_in
from tests.farm.windows_engine import windows_engine

_LINE_BYTES = 1 << 20


async def serve(engine: str, *, address: str, way_out: Path) -> None:
    """Be a host until stdin ends. `engine` is `linux`, `none`, or the os.version of Windows."""
    await _run("ip", "link", "set", "lo", "up")
    async with way_in(address, way_out), _engine(engine):
        requests = await _stdin()
        _say(ready=True)
        running: set[asyncio.Task[None]] = set()
        while line := await requests.readline():
            task = asyncio.create_task(_answer(json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)


@contextlib.asynccontextmanager
async def _engine(kind: str) -> AsyncIterator[None]:
    """What DOCKER_HOST leads to."""
    socket = Path(os.environ.get("DOCKER_HOST", "").removeprefix("unix://"))
    if kind == "linux":
        # DOCKER_HOST would name a Docker of somebody else's, which has to be there already.
        mine = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
        await _run(sys.executable, "-m", "orchestrator", "engine", "up", "--socket", str(socket), environment=mine)
        yield
    elif kind == "none":
        yield
    else:
        async with windows_engine(socket, kind):
            yield


async def _answer(request: Mapping[str, Any]) -> None:
    """Run one command as Jenkins' step `sh` does, its output going to a file."""
    with _console(Path(request["log"]), request["script"]) as console:
        process = await asyncio.create_subprocess_exec(
            *("sh", "-e", "-c", request["script"]),
            cwd=_folder(Path(request["workspace"])),
            env={**os.environ, **request["environment"]},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
        _say(id=request["id"], code=await process.wait())


def _console(log: Path, script: str) -> IO[bytes]:
    """The end of a log, with the command as its last line."""
    console = log.open("ab", buffering=0)
    console.write(f"$ {script}\n".encode())
    return console


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


async def _run(*command: str, environment: Mapping[str, str] | None = None) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=sys.stderr
    )
    if code := await process.wait():
        sys.exit(f"{' '.join(command)} ended with {code}")


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _say(**facts: int | bool) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine")
    parser.add_argument("address")
    parser.add_argument("way_out", type=Path)
    given = parser.parse_args()
    asyncio.run(serve(given.engine, address=given.address, way_out=given.way_out))


if __name__ == "__main__":
    main()
