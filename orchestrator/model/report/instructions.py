"""What a step of an image's history did, as the instruction of a Dockerfile."""

import re
from collections.abc import Sequence

_RUN = "RUN "
# The shells that builders take where an image names none, as they put them before what is run.
_DEFAULT_SHELLS = ("/bin/sh -c ", "cmd /S /C ")
_ARGUMENTS = re.compile(r"\|[0-9]+ ")
_NOTHING_RUN = re.compile(r"#\(nop\) +")
_INSTRUCTION = re.compile(r"[A-Z]+ ")


def instruction(created_by: str, *, shell: Sequence[str] = ()) -> str:
    """The step as a Dockerfile would have it, like repo-info writes it; `shell` is what the image itself names.

    Docker's builder puts the shell in front of what ran, `#(nop)` in front of what ran nothing, and `|N NAME=value ..`
    in front of both where there are build arguments; BuildKit says RUN besides. White space stays as it is.
    """
    shells = (*_DEFAULT_SHELLS, *([f"{' '.join(shell)} "] if shell else []))
    text = created_by.removeprefix(_RUN)
    if mark := _ARGUMENTS.match(text):
        return _with_arguments(text, shells, begin=mark.end())
    return _instruction(text, shells, has_run=text != created_by)


def _with_arguments(text: str, shells: Sequence[str], *, begin: int) -> str:
    """`begin` is where the build arguments do; their values may hold spaces, so the shell alone says where they end."""
    ends = [place for shell in shells if (place := text.find(f" {shell}")) >= 0]
    if not ends:
        return f"# unable to parse image command string further:\n{text}"
    arguments = text[begin : min(ends)]
    told = f"# ARGS: {arguments}\n" if arguments else ""
    return told + _instruction(text[min(ends) + 1 :], shells, has_run=False)


def _instruction(text: str, shells: Sequence[str], *, has_run: bool) -> str:
    bare = next((text.removeprefix(shell) for shell in shells if text.startswith(shell)), text)
    if mark := _NOTHING_RUN.match(bare):
        return bare[mark.end() :]
    was_run = has_run or bare != text
    return bare if not was_run and _INSTRUCTION.match(bare) else f"{_RUN}{bare}"
