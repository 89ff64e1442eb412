"""A headless Chromium for tests and pictures of pages, driven through its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

PACKAGE = "chromium"
_PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.05
_LOADED = "new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))"
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38}
_KEYS |= {"ArrowRight": 39, "ArrowDown": 40}


class PageError(Exception):
    """The page, or the browser, says that something is wrong."""


@dataclass
class Page:
    """One tab."""

    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    """What the console and the network said that a good page gives no cause for."""
    _numbers: int = 0

    async def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol; raises PageError."""
        self._numbers += 1
        number = self._numbers
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self.socket.receive_json(timeout=_PATIENCE_SECONDS)
            self._note(answer)
            if answer.get("id") == number:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    async def open(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load a page in a window of this size, and wait until it stands."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.call("Page.navigate", url=url)
        await self.evaluate(_LOADED)

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; raises PageError."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise PageError(f"{expression}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, as a keyboard does."""
        for key in keys:
            code = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
            text = {"text": "\r"} if key == "Enter" else {}
            await self.call("Input.dispatchKeyEvent", type="keyDown", **code, **text)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    async def picture(self, *, whole: bool = False) -> bytes:
        """A screenshot of the window, or of the whole page, as PNG."""
        clip: dict[str, Any] = {}
        if whole:
            size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
            clip = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        shot = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **clip)
        return base64.b64decode(shot["data"])

    def _note(self, event: Any) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]["text"]))
        if event.get("method") == "Log.entryAdded":
            self.complaints.append(str(parameters["entry"]["text"]))
        if event.get("method") == "Network.requestWillBeSent":
            url = str(parameters["request"]["url"])
            if not url.startswith(("file:", "data:")):
                self.complaints.append(f"it asks for {url}")


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """Start Chromium with a profile that is thrown away, and open an empty tab; it is ended whatever happens."""
    program = shutil.which(PACKAGE)
    if program is None:
        raise PageError("there is no chromium; install the Debian package of that name")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = (
            *(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0", f"--user-data-dir={profile}"),
            "about:blank",
        )
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command, stdout=quiet, stderr=quiet, env={**os.environ, "HOME": profile}, start_new_session=True
        )
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(600):
                tab = await _tab(session, Path(profile))
                async with session.ws_connect(tab, max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _tab(session: aiohttp.ClientSession, profile: Path) -> str:
    """The address of the first tab, once the browser has said where it listens."""
    said = profile / "DevToolsActivePort"
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(OSError, ValueError, IndexError, aiohttp.ClientError, StopIteration):
                port = int(said.read_text().splitlines()[0])
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = json.loads(await answer.text())
                return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
            await asyncio.sleep(_PAUSE_SECONDS)
