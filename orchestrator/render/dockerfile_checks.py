"""What a rendered Dockerfile must not do, whatever its template says."""

import re
from collections.abc import Iterator, Sequence

from orchestrator.model.dockerfile.directives import directives
from orchestrator.model.dockerfile.instructions import Instruction, instructions
from orchestrator.model.dockerfile.stages import images, stages
from orchestrator.model.dockerfile.words import fields, listed
from orchestrator.model.facts import Source

# A tab may stand in a text; everything else that is invisible hides something.
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# BuildKit adds `name/x.git` and `user@host:path` from afar as well, and what a variable names may be anywhere.
_REMOTE = re.compile(r"\A\$|://|\A[^/]*@[^/]*:|\.git(?:#|\Z)")
_QUOTES = re.compile(r"""['"\\]""")


def problems(text: str, sources: Sequence[Source]) -> tuple[str, ...]:
    """Everything that is wrong with a rendered Dockerfile, each with the line of the text before its header.

    Downloads must be declared in `sources` and carry their checksum; images must be named by FROM, so that a plan can
    pin them; parser directives are refused, since one of them replaces the program that reads the Dockerfile.
    """
    if match := _CONTROL_CHARACTER.search(text):
        line = text.count("\n", 0, match.start()) + 1
        return (f"line {line} of the result has the control character {match[0]!r}",)
    try:
        return (*_directives(text), *_images(text), *_downloads(text, sources))
    except ValueError as error:
        return (f"the result is not a Dockerfile: {error}",)


def _directives(text: str) -> Iterator[str]:
    for name in directives(text):
        yield f"the parser directive `# {name}=` is not allowed; leave it out"


def _images(text: str) -> Iterator[str]:
    found = stages(text, {})
    bases = {stage.base for stage in found} | {"scratch"}
    for image in images(found):
        if image not in bases:
            yield f"files are taken from the image {image}; give it a stage of its own: FROM {image} AS name"


def _downloads(text: str, sources: Sequence[Source]) -> Iterator[str]:
    checksums = {source.url: source.sha256 for source in sources}
    for instruction in instructions(text):
        carried_out = instruction.trigger or instruction
        if carried_out.keyword == "ADD":
            for url in filter(_REMOTE.search, _added(carried_out.text)):
                yield from _download(url, carried_out, checksums)


def _added(text: str) -> Iterator[str]:
    """The sources of an ADD without quotes and escapes, variables left alone."""
    words = listed(text) or fields(text)
    return (_QUOTES.sub("", word) for word in words[:-1])


def _download(url: str, instruction: Instruction, checksums: dict[str, str]) -> Iterator[str]:
    if url not in checksums:
        yield f"line {instruction.line} of the result adds {url}, which `sources` in orchestrator.yaml does not name"
        return
    expected = f"sha256:{checksums[url]}"
    if checksums[url] and dict(instruction.flags).get("checksum") != expected:
        yield f"line {instruction.line} of the result adds {url} without --checksum={expected}"
