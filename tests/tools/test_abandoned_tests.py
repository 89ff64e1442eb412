import datetime as dt

import pytest
import requests
from docker.errors import APIError
from structlog.testing import capture_logs

from orchestrator.tools.abandoned_tests import remove_abandoned, remove_left
from orchestrator.tools.smoke import LABEL
from tests.fakes import FakeContainer, FakeDocker

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC).timestamp()
IMAGE = "registry.example/staging/staging-s390x@sha256:" + "a" * 64


class Contested(FakeContainer):
    """One that another run is removing."""

    def remove(self, *, force: bool) -> None:
        response = requests.Response()
        response.status_code = 409
        raise APIError("removal is in progress", response)


def left(docker: FakeDocker, *, seconds: float, kind: type[FakeContainer] = FakeContainer) -> FakeContainer:
    return kind(docker, 0, b"", {"Created": NOW - seconds, "Labels": {LABEL: IMAGE}})


@pytest.mark.parametrize(("seconds", "calls"), [(0, []), (359, []), (362, ["remove container", f"remove {IMAGE}"])])
def test_what_is_older_than_any_test_goes_with_its_image(seconds: float, calls: list[str]) -> None:
    docker = FakeDocker()
    docker.left = [left(docker, seconds=seconds)]

    remove_abandoned(docker.connect(), timeout_seconds=300)

    assert docker.calls == calls


def test_what_another_run_is_removing_keeps_nothing_else() -> None:
    docker = FakeDocker()
    docker.left = [left(docker, seconds=1_000, kind=Contested), left(docker, seconds=1_000)]

    remove_abandoned(docker.connect(), timeout_seconds=300)

    assert docker.calls == [f"remove {IMAGE}", "remove container", f"remove {IMAGE}"]


async def test_an_engine_that_is_lost_is_told_and_keeps_no_other_from_being_cleared() -> None:
    lost, other = FakeDocker(unreachable=True), FakeDocker()
    other.left = [left(other, seconds=1_000)]

    with capture_logs() as logs:
        await remove_left([lost.connect, other.connect])

    assert other.calls == ["remove container", f"remove {IMAGE}", "close"]
    assert [each.get("problem") for each in logs if each["log_level"] == "warning"] == ["no such socket"]
