import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.commands.config import command
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import InputError
from orchestrator.model import config as configs
from orchestrator.tools import inputs
from tests.fake_runner import FakeRunner

CONFIG = """\
image: python
mirrors: {docker.io: local}
aliases: {"3.14": ["3", latest]}
bases: {slim: "debian:{release}-slim"}
exclude:
  - {arch: mips64le, version: ">=3.10", reason: "not supported: see PEP 11", until: 2026-12-31}
tests:
  - {name: version, command: [python3, --version], stdout: "Python {version}"}
"""


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., Result]:
    (tmp_path / "versions.json").write_text('{"3.14": {"version": "3.14.6", "variants": ["slim-trixie"]}}')
    (tmp_path / "orchestrator.yaml").write_text(CONFIG)

    def show(*arguments: str, **overrides: str) -> Result:
        invocation = Invocation(
            root=tmp_path,
            state=tmp_path / "state",
            environment={"ORCHESTRATOR_NAMESPACE": "team"},
            overrides=overrides,
            runner=FakeRunner(),
            now=lambda: dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
            interactive=False,
            machine="x86_64",
        )
        return CliRunner().invoke(command, arguments, obj=invocation, standalone_mode=False)

    return show


def test_text_is_yaml_with_the_origin_of_each_value(show: Callable[..., Result]) -> None:
    shown = show(registry="ghcr.io")

    assert (
        shown.output
        == """\
image: python  # orchestrator.yaml:1
# git_url: not given  # default
git_fetch: refs/heads/master  # default
maintainers: []  # default
registry: ghcr.io  # option --registry
# public_name: not given  # default
namespace: team  # environment ORCHESTRATOR_NAMESPACE
arch_namespaces: {}  # default
staging_namespace: staging  # default
mirrors:  # orchestrator.yaml:2
  docker.io: [local]
source_mirrors: {}  # default
dockerfiles: dockerfiles  # default
aliases:  # orchestrator.yaml:3
  '3.14': ['3', latest]
bases: {slim: 'debian:{release}-slim'}  # orchestrator.yaml:4
architectures: {}  # default
exclude:  # orchestrator.yaml:5
- version: '>=3.10'
  reason: 'not supported: see PEP 11'
  until: '2026-12-31'
  arch: [mips64le]
holds: []  # default
best_effort: []  # default
keep_alive: false  # default
builders:  # default
  default: {driver: local}
build_args: {}  # default
values: []  # default
sources: []  # default
upstream: {}  # default
tests:  # orchestrator.yaml:7
- name: version
  command: [python3, --version]
  stdout: Python {version}
readme: {}  # default
jenkins: null  # default
"""
    )


def test_the_text_is_read_back_as_the_same_configuration(show: Callable[..., Result], tmp_path: Path) -> None:
    loaded = inputs.load(root=tmp_path, environment={"ORCHESTRATOR_NAMESPACE": "team"}, overrides={})

    shown = show()

    assert configs.read(shown.output, name="shown") == loaded.config


def test_json_has_the_values_and_their_origins(show: Callable[..., Result]) -> None:
    shown = json.loads(show("--format", "json", registry="ghcr.io").output)

    assert (shown["config"]["registry"], shown["origins"]["registry"]) == ("ghcr.io", "option --registry")
    assert shown["exit_code"] == 0
    assert set(shown["config"]) == set(shown["origins"]) == set(configs.Config.model_fields)


def test_two_runs_give_the_same_bytes(show: Callable[..., Result]) -> None:
    assert show("--format", "json").output == show("--format", "json").output


def test_wrong_input_is_an_error_of_its_own(show: Callable[..., Result]) -> None:
    shown = show(registry="-x")

    assert isinstance(shown.exception, InputError)
    assert shown.output == ""
