"""Spans of time as people write them: 90s, 20m, 3h."""

import math
import re

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600}
_WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smh]?)")


def seconds(text: str) -> float:
    """The seconds that a span such as `20m` has; a number alone counts seconds. Raises ValueError."""
    match = _WRITTEN.fullmatch(text)
    if match is None or not 0 < (span := float(match[1]) * _SECONDS[match[2]]) < math.inf:
        raise ValueError(f"{text!r} is not a span of time; write it like 90s, 20m or 3h")
    return span


def spelled(span: float) -> str:
    """Seconds for people, in the largest unit that needs no fraction."""
    unit = next((unit for unit in ("h", "m") if span % _SECONDS[unit] == 0 and span), "s")
    return f"{span / _SECONDS[unit]:g} {'min' if unit == 'm' else unit}"
