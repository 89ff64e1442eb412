import datetime as dt

import pytest
import requests
from docker.errors import APIError

from orchestrator.tools.abandoned_tests import LABEL, remove_abandoned
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
