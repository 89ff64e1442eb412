"""Follows one run of a builder: what it says becomes progress, lines for people, and the log."""

import re
from collections import deque
from collections.abc import Callable

from orchestrator.model.solve import Output, Progress, Vertex, events, explanation, title
from orchestrator.tools.rawjson import Decoder

# Terminal escapes and other control characters of a RUN's output: a log must not be able to steer a terminal.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[]PX^_].*?(?:\x07|\x1b\\|$)|\x1b[@-_]|[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]"
)
_ERROR = "ERROR: "
# Stands above the excerpt of the Dockerfile that buildx shows of a failure.
_PLACE = re.compile(r"Dockerfile:(\d+)")
_TAIL_LINES = 20


class Transcript:
    """Follows one run; `write` appends to its log."""

    def __init__(
        self, write: Callable[[str], object], on_progress: Callable[[Progress], None], on_line: Callable[[str], None]
    ) -> None:
        self.progress = Progress()
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._write = write
        self._on_progress = on_progress
        self._on_line = on_line
        self._decoder = Decoder()
        self._stray: list[str] = []
        self._unfinished: dict[str, bytes] = {}

    def take(self, chunk: bytes) -> None:
        self._take(chunk, final=False)

    def moved(self, vertex: Vertex) -> None:
        """Take one step of a builder."""
        before = self.progress.vertexes.get(vertex.digest)
        self.progress = self.progress.after(vertex)
        vertex = self.progress.vertexes[vertex.digest]
        name = title(vertex.name)
        if vertex.is_cached and not (before and before.is_cached):
            self.say(f"> {name}: cached")
        elif vertex.is_started and not (before and before.is_started):
            self.say(f"> {name}")
        if vertex.is_completed:
            self._finish_line(vertex.digest)
        if vertex.error and not (before and before.error):
            self.say(f"> {explanation(vertex)}")
        self._on_progress(self.progress)

    def printed(self, output: Output) -> None:
        """Take what a step wrote."""
        *lines, rest = (self._unfinished.pop(output.vertex, b"") + output.text).split(b"\n")
        if rest:
            self._unfinished[output.vertex] = rest
        for line in lines:
            self.say(line.decode("utf-8", "replace"))

    def end(self, *last: str) -> None:
        """Take what was not finished, and say what else there is to say."""
        self._take(b"", final=True)
        for vertex in tuple(self._unfinished):
            self._finish_line(vertex)
        for line in last:
            self.say(line)

    @property
    def line(self) -> str:
        """The number of the line that BuildKit blames; empty where it blames none."""
        return next((match[1] for line in reversed(self._stray) if (match := _PLACE.fullmatch(line))), "")

    def error(self) -> str:
        """What BuildKit says of the failure: the broken instruction's own error, else what buildx said last."""
        failed = self.progress.failed
        return failed.error if failed else self._last_words()

    def message(self) -> str:
        """The same for people."""
        failed = self.progress.failed
        return _clean(explanation(failed) if failed else self._last_words())

    def _last_words(self) -> str:
        # An excerpt of the Dockerfile stands before the error, and may mention anything.
        errors = [number for number, line in enumerate(self._stray) if line.startswith(_ERROR)]
        return "\n".join(self._stray[errors[-1] if errors else -_TAIL_LINES :]).removeprefix(_ERROR)

    def _take(self, chunk: bytes, *, final: bool) -> None:
        for item in self._decoder.feed(chunk, final=final):
            if isinstance(item, str):
                self._strayed(item)
                continue
            for event in events(item):
                if isinstance(event, Vertex):
                    self.moved(event)
                else:
                    self.printed(event)

    def _strayed(self, line: str) -> None:
        self._stray.append(line)
        if self.progress.failed is None:
            self.say(line)
        else:
            # Only an excerpt of the Dockerfile and the error again: it must not push out what the program printed.
            self._write(_clean(line) + "\n")

    def _finish_line(self, vertex: str) -> None:
        """Say what a program wrote without ending the line: often it is its last word."""
        if line := self._unfinished.pop(vertex, b""):
            self.say(line.decode("utf-8", "replace"))

    def say(self, text: str) -> None:
        for line in text.split("\n"):
            clean = _clean(line)
            self._write(clean + "\n")
            self.tail.append(clean)
            self._on_line(clean)


def _clean(line: str) -> str:
    """A line as a terminal would show it in the end: what was overwritten after a carriage return is gone."""
    return "\n".join(_CONTROL.sub("", part.rstrip("\r").rpartition("\r")[2]) for part in line.split("\n"))
