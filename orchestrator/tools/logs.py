"""Logging to stderr: readable lines for people, JSON lines for machines."""

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


def _to_stderr(*_: object) -> structlog.PrintLogger:
    # Looked up for each line: while a live table is on the terminal, stderr is rich's, which prints above the table.
    return structlog.PrintLogger(sys.stderr)
