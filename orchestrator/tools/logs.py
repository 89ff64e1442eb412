"""The log of this process. Most runs write no line of it, so what writes lines is imported with the first one."""

from collections.abc import Mapping

from orchestrator.tools import on_demand


class Log:
    """Takes events with their values, as structlog does, which writes them."""

    def __init__(self) -> None:
        self._looks: Mapping[str, bool] | None = None
        self.is_verbose = True
        """Whether `debug` writes lines; what costs more than a line need not be made otherwise."""

    def configure(self, *, as_json: bool, verbose: bool, colored: bool = False) -> None:
        """Say how lines look, and whether `debug` writes any; until then structlog's own settings hold."""
        self._looks = {"as_json": as_json, "verbose": verbose, "colored": colored}
        self.is_verbose = verbose

    def debug(self, event: str, **values: object) -> None:
        if self.is_verbose:
            self._write("debug", event, values)

    def info(self, event: str, **values: object) -> None:
        self._write("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        self._write("warning", event, values)

    def _write(self, level: str, event: str, values: Mapping[str, object]) -> None:
        lines = on_demand.module("tools.log_lines")
        if self._looks is not None:
            lines.configure(**self._looks)
            self._looks = None
        lines.write(level, event, values)


log = Log()
