"""What can be told of an engine without one; those that answer are looked at in tests with real parts."""

import asyncio
from pathlib import Path

import pytest

from orchestrator.errors import InputError, ProgramMissingError
from orchestrator.tools.builders.engines import Engines
from tests.fake_runner import Answer, FakeRunner


async def test_dockers_client_must_have_buildx(tmp_path: Path) -> None:
    runner = FakeRunner({"docker buildx version": Answer(1, stderr="docker: 'buildx' is not a docker command.\n")})

    with pytest.raises(ProgramMissingError) as raised:
        await Engines({}, tmp_path, runner).check_buildx()

    assert raised.value.problems == (
        "`docker buildx` does not run: docker: 'buildx' is not a docker command.; "
        "`orchestrator doctor` says how to get it",
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "there is no Docker context 'gone'; `docker context ls` lists them"),
        (
            "default",
            "the Docker context `default` is this machine's own engine, which has no name in `builders`; write "
            "`driver: local`, or leave `test_on` out",
        ),
    ],
)
async def test_a_context_that_leads_nowhere_is_told(tmp_path: Path, name: str, message: str) -> None:
    engines = Engines({"DOCKER_CONFIG": str(tmp_path)}, tmp_path, FakeRunner())

    answers = await asyncio.gather(engines.of_context(name), engines.of_context(name), return_exceptions=True)

    assert [(type(each), str(each)) for each in answers] == [(InputError, message)] * 2
