"""Says which instructions of a Dockerfile changed."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from orchestrator.model.dockerfile.directives import directives
from orchestrator.model.dockerfile.instructions import Instruction, instructions

_SHOWN_LENGTH = 60


def dockerfile_changes(old: str, new: str) -> tuple[str, ...]:
    """What differs, each difference in a few words that begin with the line in the new text, in its order.

    Line numbers of what is gone are those of the old text. Empty where the two say the same and only comments or white
    space differ; raises ValueError for a text that is no Dockerfile.
    """
    top = ("the directives at its top",) if directives(old) != directives(new) else ()
    before, after = instructions(old), instructions(new)
    matcher = SequenceMatcher(None, [_said(each) for each in before], [_said(each) for each in after], autojunk=False)
    return (
        *top,
        *(
            words
            for kind, from_, to, start, end in matcher.get_opcodes()
            if kind != "equal"
            for words in _differences(before[from_:to], after[start:end])
        ),
    )


def _said(instruction: Instruction) -> tuple[object, ...]:
    """All of an instruction but where it stands."""
    heredocs = tuple(heredoc.lines for heredoc in instruction.heredocs)
    return instruction.keyword, instruction.flags, instruction.text, heredocs


def _differences(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    for old, new in zip_longest(before, after):
        if new is None:
            yield f"line {old.line} {_shown(old)} (gone)"
        elif old is None:
            yield f"line {new.line} {_shown(new)} (new)"
        else:
            yield _difference(old, new)


def _difference(old: Instruction, new: Instruction) -> str:
    if _said(old)[:3] == _said(new)[:3]:
        for was, now in zip(old.heredocs, new.heredocs, strict=True):
            same = _common_start(was.lines, now.lines)
            if was.lines != now.lines:
                line = now.lines[same].strip() if same < len(now.lines) else "its end"
                return f"line {now.line + same} in {_shown(new)}: {_cut(line)}"
    return f"line {new.line} {_shown(new)}"


def _common_start(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (left, right) in pairs if left != right), min(len(one), len(other)))


def _shown(instruction: Instruction) -> str:
    flags = (f"--{name}={value}" if value else f"--{name}" for name, value in instruction.flags)
    return _cut(" ".join((instruction.keyword, *flags, instruction.text)))


def _cut(text: str) -> str:
    """A text on one line, as long as a list of reasons can bear."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_LENGTH else f"{line[:_SHOWN_LENGTH].rstrip()}..."
