"""What the classic builder tells while it builds, in the words of BuildKit, so that one reader does for both."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.model.solve import Output, Vertex

# The classic builder says all it has to say in text, each of its own sentences in a message of its own:
# https://github.com/moby/moby/blob/v26.1.5/builder/dockerfile/dispatchers.go and evaluator.go
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.DOTALL)
_IMAGE = re.compile(r" ---> ([0-9a-f]{12})\n")
_BOOKKEEPING = re.compile(r" ---> (?:Running in|Removed intermediate container) [0-9a-f]{12}\n|Successfully \w+ .*\n")
_ENDED = re.compile(r"The command '(.*)' returned a non-zero code: (\d+)", re.DOTALL)
_PREPARING = Vertex("", "preparing the build", is_started=True, is_completed=False, is_cached=False, error="")


class Steps:
    """Follows one build through the messages of the engine."""

    def __init__(self) -> None:
        self.number = 0
        """Of the instruction that is carried out; 0 before the first."""
        self.result = ""
        """The image's ID in full, once there is one."""
        self.images: list[str] = []
        """IDs, shortened, of what each step left, in order; the images that FROM names are among them."""
        self._step = _PREPARING
        self._is_announced = False

    def events(self, message: Mapping[str, Any]) -> Iterator[Vertex | Output]:
        """What one message means; a build that broke has a vertex with an error."""
        if "error" in message:
            yield self._failed(message)
        elif "aux" in message:
            self.result = str(message["aux"].get("ID", ""))
            yield from self._completed()
        else:
            # A `status` is a bar that grows while ADD downloads.
            yield from self._said(str(message.get("stream", "")))

    def _said(self, text: str) -> Iterator[Vertex | Output]:
        if match := _STEP.fullmatch(text):
            yield from self._completed()
            self.number = int(match[1])
            name = f"[{match[1]}/{match[2]}] {match[3]}"
            self._step = replace(_PREPARING, digest=f"step {self.number}", name=name)
            self._is_announced = True
            yield self._step
        elif self._is_announced and text == "\n":
            # The end of the line that announced the step; it comes by itself.
            self._is_announced = False
        elif match := _IMAGE.fullmatch(text):
            self.images.append(match[1])
        elif text and not _BOOKKEEPING.fullmatch(text):
            yield Output(self._step.digest, text.encode())

    def _completed(self) -> Iterator[Vertex]:
        if self.number and not self._step.is_completed:
            self._step = replace(self._step, is_completed=True)
            yield self._step

    def _failed(self, message: Mapping[str, Any]) -> Vertex:
        said = str(message["error"])
        if ended := _ENDED.fullmatch(said):
            said = f'process "{ended[1]}" did not complete successfully: exit code: {ended[2]}'
        return replace(self._step, is_completed=True, error=said)
