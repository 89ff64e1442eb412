"""Options that take a span of time."""

import click

from orchestrator.model.durations import seconds


class Span(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A span such as 20m; the verb gets its seconds."""

    name = "span"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if not isinstance(value, str):
            return value
        try:
            return seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
