import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.model.config import Config
from orchestrator.tools.inputs import MAX_BYTES, Inputs, given_mirrors, load

CATALOG = json.dumps({"3.14": {"version": "3.14.6", "variants": ["slim-trixie"]}})
CONFIG = """\
image: python
registry: ghcr.io
mirrors:
  docker.io: [local]
  quay.io: ["https://mirror.example/quay"]
"""


def _load(
    root: Path,
    *,
    catalog: str | bytes = CATALOG,
    config: str | bytes = CONFIG,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Inputs:
    for name, content in (("versions.json", catalog), ("orchestrator.yaml", config)):
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(root=root, environment=environment or {}, overrides=overrides or {})


def _problems(root: Path, **given: str | bytes | Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(InputError) as error:
        _load(root, **given)  # type: ignore[arg-type]  # a table's rows have arguments of several types
    return error.value.problems


def test_both_files_are_read(tmp_path: Path) -> None:
    inputs = _load(tmp_path)

    assert [name for name, _ in inputs.catalog.lines] == ["3.14"]
    assert inputs.config == Config(
        image="python",
        registry="ghcr.io",
        mirrors={"docker.io": ("local",), "quay.io": ("https://mirror.example/quay",)},
    )
    assert inputs.origins == {
        **dict.fromkeys(Config.model_fields, "default"),
        "image": "orchestrator.yaml:1",
        "registry": "orchestrator.yaml:2",
        "mirrors": "orchestrator.yaml:3",
    }


def test_environment_wins_over_the_file_and_options_win_over_both(tmp_path: Path) -> None:
    inputs = _load(
        tmp_path,
        environment={
            "ORCHESTRATOR_REGISTRY": "quay.io",
            "ORCHESTRATOR_NAMESPACE": "team",
            "ORCHESTRATOR_IMAGE": "",
            "ORCHESTRATOR_STATE": "/elsewhere",
            "OTHER": "x",
        },
        overrides={"registry": "127.0.0.1:5000"},
    )

    assert (inputs.config.registry, inputs.config.namespace, inputs.config.image) == (
        "127.0.0.1:5000",
        "team",
        "python",
    )
    assert [inputs.origins[key] for key in ("registry", "namespace", "image")] == [
        "option --registry",
        "environment ORCHESTRATOR_NAMESPACE",
        "orchestrator.yaml:1",
    ]


@pytest.mark.parametrize(
    ("variable", "key", "value"),
    [
        ("ORCHESTRATOR_REGISTRY", "registry", "quay.io"),
        ("ORCHESTRATOR_NAMESPACE", "namespace", "team"),
        ("ORCHESTRATOR_STAGING_NAMESPACE", "staging_namespace", "wait"),
        ("ORCHESTRATOR_IMAGE", "image", "snake"),
        ("ORCHESTRATOR_PUBLIC_NAME", "public_name", "cpython"),
        ("ORCHESTRATOR_GIT_URL", "git_url", "https://example.org/x.git"),
        ("ORCHESTRATOR_DOCKERFILES", "dockerfiles", "out"),
    ],
)
def test_each_setting_has_a_variable(tmp_path: Path, variable: str, key: str, value: str) -> None:
    inputs = _load(tmp_path, environment={variable: value})

    assert (getattr(inputs.config, key), inputs.origins[key]) == (value, f"environment {variable}")


def test_mirrors_are_replaced_registry_by_registry(tmp_path: Path) -> None:
    inputs = _load(
        tmp_path,
        environment={"ORCHESTRATOR_MIRRORS": "docker.io=http://127.0.0.1:1,gcr.io=local"},
        overrides={"mirrors": "index.docker.io=local,docker.io=https://mirror.example"},
    )

    assert inputs.config.mirrors == {
        "docker.io": ("local", "https://mirror.example"),
        "gcr.io": ("local",),
        "quay.io": ("https://mirror.example/quay",),
    }
    assert inputs.origins["mirrors"] == "orchestrator.yaml:3, environment ORCHESTRATOR_MIRRORS, option --mirror"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"environment": {"ORCHESTRATOR_REGISTY": "x", "ORCHESTRATOR_XYZ": "x"}},
            (
                "environment ORCHESTRATOR_REGISTY: no setting `REGISTY`; did you mean `REGISTRY`?",
                "environment ORCHESTRATOR_XYZ: no setting `XYZ`; there are CERTIFICATES, DOCKERFILES, GIT_URL, "
                "IMAGE, MIRRORS, NAMESPACE, PUBLIC_NAME, REGISTRY, STAGING_NAMESPACE, STATE",
            ),
        ),
        (
            {"environment": {"ORCHESTRATOR_REGISTRY": "https://joe:secret@h"}},
            (
                "environment ORCHESTRATOR_REGISTRY: 'https://***@h' is not a registry; "
                "write it like ghcr.io or 127.0.0.1:5000",
            ),
        ),
        (
            {"environment": {"ORCHESTRATOR_GIT_URL": "https://x/\n"}},
            ("environment ORCHESTRATOR_GIT_URL: contains the character U+000A; remove it",),
        ),
        (
            {"overrides": {"registry": "-x", "mirrors": "docker.io,=local"}},
            (
                "option --mirror: 'docker.io' is not REGISTRY=WHERE; write it like docker.io=local",
                "option --registry: '-x' is not a registry; write it like ghcr.io or 127.0.0.1:5000",
            ),
        ),
        (
            {"overrides": {"mirrors": "docker.io=ftp://x"}},
            ("option --mirror: 'ftp://x' is not a mirror; write it like https://mirror.example/path, or `local`",),
        ),
        (
            {"environment": {"ORCHESTRATOR_NAMESPACE": "s390x"}},
            (
                "environment ORCHESTRATOR_NAMESPACE: the tags of s390x and the tags that join all arches would both go "
                "to 's390x'",
            ),
        ),
        (
            {"config": "image: python\nmirrors: {quay.io: [ftp://x]}", "overrides": {"mirrors": "docker.io=local"}},
            (
                "orchestrator.yaml:2: mirrors/quay.io/0: 'ftp://x' is not a mirror; "
                "write it like https://mirror.example/path, or `local`",
            ),
        ),
        (
            {"config": "image: python\nmirrors: x", "overrides": {"mirrors": "docker.io=local"}},
            ("option --mirror: expected a mapping, got 'x'",),
        ),
        (
            {"config": 'image: python\naliases:\n  "3.15": [x]\n'},
            ("orchestrator.yaml:3: aliases/3.15: versions.json has no line 3.15; did you mean `3.14`?",),
        ),
        (
            {"config": "image: python\nnamespace: 3.10\n", "overrides": {"registry": "-x"}},
            (
                "orchestrator.yaml:2: namespace: 3.10 is a number to YAML, which does not keep its digits; "
                'put it in quotes: "3.10"',
                "option --registry: '-x' is not a registry; write it like ghcr.io or 127.0.0.1:5000",
            ),
        ),
        (
            {"catalog": "{", "config": "imag: python"},
            (
                "versions.json:1:2: ends before the document is complete: "
                "expecting property name enclosed in double quotes",
                "orchestrator.yaml:1: imag: unknown key; did you mean `image`?",
                "orchestrator.yaml:1: image: is missing",
            ),
        ),
        ({"catalog": b'{"\n\xff": 1}'}, ("versions.json:2: is not UTF-8; save it as UTF-8",)),
        ({"config": ""}, ("orchestrator.yaml:1: expected a mapping, got nothing",)),
    ],
)
def test_each_problem_is_named_by_its_line_or_setting(
    tmp_path: Path, given: Mapping[str, str | bytes | Mapping[str, str]], expected: tuple[str, ...]
) -> None:
    assert _problems(tmp_path, **given) == expected


def test_missing_files_are_both_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load(root=tmp_path, environment={}, overrides={})

    remedy = f"there is none in {tmp_path}; run in the folder of the image, or name it by `orchestrator -C FOLDER`"
    assert error.value.problems == (f"versions.json: {remedy}", f"orchestrator.yaml: {remedy}")


def test_a_folder_a_pipe_and_a_huge_file_are_not_read(tmp_path: Path) -> None:
    _load(tmp_path)
    (tmp_path / "versions.json").unlink()
    os.mkfifo(tmp_path / "versions.json")
    with (tmp_path / "orchestrator.yaml").open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)

    with pytest.raises(InputError) as error:
        load(root=tmp_path, environment={}, overrides={})

    assert error.value.problems == (
        f"versions.json: {tmp_path}/versions.json is not a file",
        f"orchestrator.yaml: {tmp_path}/orchestrator.yaml is larger than {MAX_BYTES} bytes; "
        "expected one written by hand",
    )


def test_a_file_below_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match=r"versions.json: .*/file/versions.json cannot be read: Not a directory"):
        load(root=tmp_path / "file", environment={}, overrides={})


def test_a_file_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").mkdir()
    expected = _load(tmp_path / "real")
    for name in ("versions.json", "orchestrator.yaml"):
        (tmp_path / "linked" / name).symlink_to(tmp_path / "real" / name)

    assert load(root=tmp_path / "linked", environment={}, overrides={}) == expected


def test_mirrors_are_known_without_a_folder() -> None:
    environment = {"ORCHESTRATOR_MIRRORS": "docker.io=local,ghcr.io=https://a.example", "ORCHESTRATOR_REGISTRY": "x"}

    found = given_mirrors(environment=environment, overrides={"mirrors": "ghcr.io=https://b.example"})

    assert found == {"docker.io": ["local"], "ghcr.io": ["https://b.example"]}


def test_wrong_mirrors_are_told_without_a_folder() -> None:
    with pytest.raises(InputError, match="option --mirror: 'local' is not REGISTRY=WHERE"):
        given_mirrors(environment={}, overrides={"mirrors": "local"})
