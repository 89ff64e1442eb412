import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.tools.rawjson import Decoder
from tests.golden import rawjson

RECORDED = ("built", "cached", "disk-full", "failed", "no-base", "no-daemon", "parse-error")
STREAM = '{\n  "a": "}{ü"\n}\nstray ü\n\n{"b": {"c": []}}{"d": 1} \n  ERROR: gone'.encode()
ITEMS = [{"a": "}{ü"}, "stray ü", {"b": {"c": []}}, {"d": 1}, "  ERROR: gone"]


def decoded(*chunks: bytes) -> list[object]:
    decoder = Decoder()
    found = [item for chunk in chunks for item in decoder.feed(chunk)]
    return [*found, *decoder.feed(b"", final=True)]


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_it_does_not_matter_where_a_stream_is_cut(at: int) -> None:
    assert decoded(STREAM[:at], STREAM[at:]) == ITEMS


def test_a_stream_may_come_byte_by_byte() -> None:
    assert decoded(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == ITEMS


def test_what_is_complete_is_handed_on_at_once() -> None:
    decoder = Decoder()

    assert decoder.feed(b'{"a": 1}\nstray\nnot yet') == [{"a": 1}, "stray"]
    assert decoder.feed(b"\n{") == ["not yet"]
    assert decoder.feed(b"}") == [{}]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (b" \n\n", []),
        (b'{"a": \nbroken', ['{"a":', "broken"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
        (b"caf\xc3", ["caf\ufffd"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"[1, 2]\n", ["[1, 2]"]),
        (b"  10 | RUN a \n \n\t11 |\n", ["  10 | RUN a", "\t11 |"]),
        (b'{"a": 1}  ', [{"a": 1}]),
    ],
)
def test_what_is_no_document_is_a_line(stream: bytes, expected: list[str]) -> None:
    assert decoded(stream) == expected


@given(st.sampled_from(RECORDED), st.lists(st.integers(0, 17_000), max_size=8))
def test_real_streams_are_read_whole_however_they_come(name: str, cuts: list[int]) -> None:
    stream = rawjson(name)

    bounds = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    items = decoded(*(stream[start:end] for start, end in itertools.pairwise(bounds)))

    assert items == decoded(stream)
    assert b"".join(b"".join(_bytes(item).split()) for item in items) == b"".join(stream.split())


def _bytes(item: object) -> bytes:
    """An item as buildx writes it."""
    if isinstance(item, str):
        return item.encode()
    text = json.dumps(item, ensure_ascii=False)
    return "".join({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}.get(char, char) for char in text).encode()
