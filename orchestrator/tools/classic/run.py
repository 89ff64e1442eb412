"""One attempt at a build: its base pulled, itself built, its image kept, nothing left behind."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.base_image import BaseImage
from orchestrator.model.classic.steps import Steps
from orchestrator.model.solve import Vertex
from orchestrator.tools import contexts
from orchestrator.tools.buildx import Order
from orchestrator.tools.classic import archive, engine, recipe, result
from orchestrator.tools.classic.calls import Call, EngineFailedError, called
from orchestrator.tools.classic.notes import Note, abandoned, note
from orchestrator.tools.classic.recipe import Recipe
from orchestrator.tools.logs import log
from orchestrator.tools.smoke import Connect
from orchestrator.tools.transcript import Transcript

_REMOVAL_SECONDS = 30


@dataclass(slots=True)
class Run:
    """One attempt at a build."""

    order: Order
    folder: Path
    """For what is needed until it ends."""
    notes: Path
    """For what the next run must know if this one is killed; all runs of this machine share it."""
    transcript: Transcript
    connect: Connect
    alive: Callable[[], None]
    steps: Steps = field(default_factory=Steps)
    lines: tuple[int, ...] = ()

    @property
    def place_of_failure(self) -> str:
        """File and line of the instruction that is carried out."""
        file = str(self.order.build.directory / contexts.DOCKERFILE)
        return f"{file}:{self.lines[self.steps.number - 1]}" if 0 < self.steps.number <= len(self.lines) else file

    async def carry_out(self, bases: tuple[BaseImage, ...]) -> None:
        """Build and keep the image; that an instruction failed is in the transcript. Raises EngineFailedError."""
        made = await asyncio.to_thread(recipe.written, self.order, self.folder / "context.tar")
        self.lines = made.lines
        notes = self.notes / await called(self.connect, engine.identity)
        for left in abandoned(notes):
            await self._remove(left)
        with note(notes) as mine:
            try:
                await self._build(made, mine)
                if self.transcript.progress.failed is None:
                    await self._keep(mine.name, bases)
            finally:
                await self._remove(mine)

    async def _build(self, made: Recipe, mine: Note) -> None:
        def work(call: Call) -> None:
            for place in dict.fromkeys(base.pinned for base in self.order.build.bases):
                engine.pull(call, place, platform=made.platform, say=self.transcript.say, alive=self.alive)
            engine.build(call, made, name=mine.name, tell=partial(self._heard, mine))

        await called(self.connect, work)
        if self.transcript.progress.failed is None and not self.steps.result:
            raise EngineFailedError("the engine was lost: it ended the build without a word", ExitCode.UNAVAILABLE)

    async def _keep(self, name: str, bases: tuple[BaseImage, ...]) -> None:
        known = {digest for base in bases for digest in base.known}

        def work(call: Call) -> archive.Saved:
            chunks = engine.saved(call, name, alive=self.alive)
            return archive.read(chunks, self.folder, image=self.steps.result, known=known)

        self.transcript.say("> keeping the image")
        saved = await called(self.connect, work)
        await asyncio.to_thread(result.write, saved, bases, self.order.output)

    async def _remove(self, noted: Note) -> None:
        """Remove what is noted from the engine; what stays there stays in the note."""
        target, name = str(self.order.build.target), noted.name
        try:
            async with asyncio.timeout(_REMOVAL_SECONDS):
                await called(self.connect, partial(engine.removed, name=name, images=tuple(noted.images)))
        except (EngineFailedError, TimeoutError) as error:
            log.warning("images stay in the engine", target=target, name=name, problem=str(error))
        else:
            noted.remove()

    def _heard(self, mine: Note, message: Mapping[str, Any]) -> None:
        self.alive()
        for event in self.steps.events(message):
            if isinstance(event, Vertex):
                self.transcript.moved(event)
            else:
                self.transcript.printed(event)
        mine.add(self.steps.images[len(mine.images) :])
