"""A Runner that starts nothing: it keeps what it was asked, and answers from a script."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import CommandError, ProgramMissingError
from orchestrator.tools.process import Finished


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command does: exit status and output."""

    returncode: int = 0
    stdout: str = ""
    stderr: str = ""


ABSENT = Answer(127)
"""There is no such program."""


@dataclass(slots=True)
class FakeRunner:
    """Answers a command by the first pattern in `script` that fits its beginning; others succeed without a word."""

    script: Mapping[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)

    async def run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        self.asked.append(tuple(command))
        self.environments.append(dict(env or {}))
        answer = self._answer(shlex.join(command))
        if answer is ABSENT:
            raise ProgramMissingError(f"`{command[0]}` is not on this machine")
        if check and answer.returncode:
            raise CommandError(shlex.join(command), answer.returncode, answer.stderr)
        return Finished(tuple(command), answer.returncode, answer.stdout, answer.stderr)

    async def stream(
        self,
        command: Sequence[str],
        *,
        on_stderr: Callable[[bytes], None],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        finished = await self.run(command, check=False, cwd=cwd, env=env)
        on_stderr(finished.stderr.encode())
        return finished.returncode

    def start(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
        raise AssertionError(f"{shlex.join(command)} was started; only an integration test starts servers")

    def _answer(self, line: str) -> Answer:
        return next((answer for pattern, answer in self.script.items() if re.match(pattern, line)), Answer())
