"""Records of builds, read back from `out/builds/<arch>/<build id>.json`."""

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import BuiltOn, Result
from orchestrator.model.problems import summary_of


class Record(BaseModel):
    """What became of one build ID when it was tried here last; `outcomes.record` says what the keys mean."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    schema_: Literal[1] = Field(1, alias="schema")
    target: str
    build_id: str
    result: Result
    exit_code: ExitCode
    detail: str
    size_bytes: NonNegativeInt
    started: AwareDatetime
    seconds: float
    attempts: NonNegativeInt
    builder: BuiltOn | None = None
    """Records of earlier versions do not tell."""
    repeat: str
    """The command that builds it again."""
    log: str
    """Path of its log below the folder of outputs; empty where it was not tried."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a record; raises ValueError that says what is wrong with it."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ValueError(summary_of(error, cls)) from error
