"""Logging to stderr: readable lines for people, JSON lines for machines."""

import contextlib
import logging
import sys

import structlog


def configure_logging(*, as_json: bool, verbose: bool) -> None:
    """Set structlog up once; stdout stays free for data."""
    renderer = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    stamp = [structlog.processors.TimeStamper(fmt="iso", utc=True)] if as_json else []
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )


class _StderrLogger:
    """Stderr as it is at each line: under a live table it is rich's, which prints above the table."""

    def msg(self, line: str) -> None:
        # A reader that went away ends no build.
        with contextlib.suppress(BrokenPipeError):
            print(line, file=sys.stderr, flush=True)

    debug = info = warning = error = critical = msg


def _to_stderr(*_: object) -> _StderrLogger:
    return _StderrLogger()
