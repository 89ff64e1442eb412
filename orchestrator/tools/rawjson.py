"""Reads what `docker buildx --progress=rawjson` writes: JSON documents one after the other, and stray lines of text."""

import codecs
import json
import re
from typing import Any

_BLANK_LINES = re.compile(r"\A(?:[ \t\r]*\n)+")


class Decoder:
    """Takes chunks as they come and gives back whole documents (dict) and stray lines (str).

    buildx 0.13 pretty-prints its documents, so a line is not a document; and its last word on a failure is plain text.
    """

    def __init__(self) -> None:
        self._text = ""
        self._json = json.JSONDecoder()
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, chunk: bytes, *, final: bool = False) -> list[dict[str, Any] | str]:
        self._text += self._utf8.decode(chunk, final)
        found: list[dict[str, Any] | str] = []
        while (item := self._next(final=final)) is not None:
            found.append(item)
        return found

    def _next(self, *, final: bool) -> dict[str, Any] | str | None:
        self._text = _BLANK_LINES.sub("", self._text)
        text = self._text.lstrip()
        if not text:
            return None
        if text.startswith("{"):
            try:
                document, end = self._json.raw_decode(text)
            except json.JSONDecodeError:
                return self._line(final=True) if final else None
            self._text = text[end:]
            return dict(document)
        return self._line(final=final)

    def _line(self, *, final: bool) -> str | None:
        line, newline, rest = self._text.partition("\n")
        if not newline and not final:
            return None
        self._text = rest
        return line.rstrip()
