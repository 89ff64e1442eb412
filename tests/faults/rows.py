"""The table of what goes wrong with registries: each row by its name, for which at least one test stands.

W: what is written. R: what is read, who we are, and the way between. C: runs at once, runs that end in the middle.
A test says which rows it is for by the marker `row`; the end of a test session counts the rows that ran.
"""

from collections.abc import Mapping

import pytest

ROWS: Mapping[str, str] = {
    "W1": "429 without Retry-After, three times",
    "W2": "429 with Retry-After in seconds",
    "W3": "429 with a Retry-After that is a date, past, garbage, negative or hours long",
    "W4": "429 for ever",
    "W5": "a busy registry, twice",
    "W6": "503 for ever",
    "W7": "a 500 that holds a refusal",
    "W8": "the connection breaks before a manifest arrives",
    "W9": "the connection breaks after a manifest is stored",
    "W10": "a manifest is stored, and the answer never comes",
    "W11": "no answer at all",
    "W12": "a blob is cut off on its way",
    "W13": "the registry forgets an upload",
    "W14": "a blob is stored, and the answer is lost",
    "W15": "the registry finds another digest in a blob",
    "W16": "403 on a write",
    "W17": "a registry that is read-only",
    "W18": "a tag that is protected against change",
    "W19": "a manifest that is too large",
    "W20": "a write is redirected",
    "W21": "an upload goes on at another host",
    "W22": "a write is answered with another digest",
    "W23": "a write is accepted, and nothing is stored",
    "W24": "what was written stays invisible for a while, or for ever",
    "W25": "readers see the old tag for a while",
    "W26": "a mount is refused",
    "W27": "the registry's disk is full",
    "W28": "an empty copy that a full disk left behind",
    "W29": "a layer that rotted on the registry's disk",
    "W30": "a tag that the registry was killed over",
    "W31": "the registry is killed and restarted in the middle of a push",
    "W32": "garbage collection takes what has no tag of its own",
    "W33": "a manifest is deleted under the index that names it",
    "W34": "a read that does not say what it takes",
    "W35": "a tag that moved since it was read, on a registry that heeds If-Match",
    "R1": "a password that is wrong or missing",
    "R2": "an absence that no registry told of",
    "R3": "a tag that cannot be read while others write it",
    "R4": "an answer that breaks off",
    "R5": "an answer with one wrong byte",
    "R6": "HEAD names another digest",
    "R7": "a token dies before its time",
    "R8": "a token server that is busy, redirects or talks junk",
    "R9": "a token that is never accepted",
    "R10": "a challenge that sends our password elsewhere",
    "R11": "a challenge that asks for more rights than we need",
    "R12": "a clock that is an hour off",
    "R13": "no such host, a closed port, an untrusted certificate, TLS where there is none",
    "R14": "an answer that trickles",
    "R15": "half of all connections break",
    "R16": "a list of tags in any order, without end, or of another shape",
    "R17": "a Docker configuration that cannot be read",
    "R18": "a credential helper that is missing, fails or hangs",
    "R19": "a manifest of a gigabyte, a configuration without end, JSON without bottom",
    "C1": "several jobs end at the same moment",
    "C2": "several jobs end at the same moment, and some are killed",
    "C3": "several jobs write one tag while the registry throttles and shows old tags",
    "C4": "a job of an older checkout ends after one of a newer",
    "C5": "one build on two agents",
    "C6": "a build, or an arch, that tags have is missing",
    "C8": "publishing is killed at any request",
    "C11": "publishing is killed between one tag and the next",
    "C12": "what another version of the tool published",
    "C14": "what was kept from earlier runs is damaged or gone",
    "C15": "a registry that allows few requests a second",
}


def case(name: str, *values: object, note: str = "") -> object:
    """Values of a parametrized test that are for one row."""
    return pytest.param(*values, marks=pytest.mark.row(name), id=f"{name} {note}".strip())
