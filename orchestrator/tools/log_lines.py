"""Lines of the log on stderr: readable ones for people, JSON for machines."""

import logging
import sys
from collections.abc import Mapping

import structlog


def configure(*, as_json: bool, verbose: bool, colored: bool) -> None:
    """Set structlog up once; stdout stays free for data."""
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=colored)
    stamp = [structlog.processors.TimeStamper(fmt="iso", utc=True)] if as_json else []
    structlog.configure(
        processors=[structlog.processors.add_log_level, *stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )


def write(level: str, event: str, values: Mapping[str, object]) -> None:
    """Hand a line to structlog as it is configured now."""
    getattr(structlog.get_logger(), level)(event, **values)


class _StderrLogger:
    """Stderr as it is at each line: under a live table it is rich's, which prints above the table."""

    def msg(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    debug = info = warning = error = critical = msg


def _to_stderr(*_: object) -> _StderrLogger:
    return _StderrLogger()
