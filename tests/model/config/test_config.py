import datetime as dt

import pytest

from orchestrator.errors import InputError
from orchestrator.model.catalog import Release
from orchestrator.model.config import Config, Exclusion, Hold, Scope, read
from orchestrator.model.config.builders import Builder
from orchestrator.model.variants import Variant
from orchestrator.model.versions import VersionRange

NAME = "orchestrator.yaml"
SLIM = Variant("slim-trixie")


def test_the_shortest_file_has_an_image() -> None:
    config = read("image: python\n", name=NAME)

    assert config == Config(image="python")
    assert (config.title, config.registry, config.namespace, config.dockerfiles) == (
        "python",
        "local",
        "library",
        "dockerfiles",
    )


def test_a_full_file_is_read() -> None:
    config = read(
        """\
image: python
public_name: cpython
git_url: https://github.com/example/python.git
maintainers: ["Example Maintainer (@example)"]
registry: ghcr.io
namespace: library
arch_namespaces: {windows-amd64: winamd64}
staging_namespace: staging
mirrors: {docker.io: local, ghcr.io: ["http://127.0.0.1:5000", "https://mirror.example/hub"]}
dockerfiles: .
aliases: {"3.14": ["3", "latest"]}
bases: {slim: "debian:{release}-slim"}
architectures: {slim: [amd64, s390x]}
exclude:
  - {arch: mips64le, reason: "not supported"}
  - {arch: [s390x], variant: alpine, version: ">=3.14", reason: x, until: 2026-12-31}
holds:
  - {line: "3.14", variants: alpine3.24, facts: {version: 3.14.5, extra: w}, reason: x, until: 2026-12-31}
best_effort: [riscv64]
builders:
  default: {driver: local, jobs: 2}
  arm64v8: {driver: context, name: arm-host}
  s390x: {driver: remote, endpoint: "tcp://10.0.0.5:1234", emulate: true}
  windows-amd64: {driver: classic, host: "ssh://builder@windows-2025"}
build_args: {PYTHON_OPTIMIZE: "yes"}
values: [{variant: slim, set: {packages: [a, b], lto: true}, add: {packages: [c]}}]
sources: [{file: "x-{version}", url: "https://example.org/{version}", sha256: checksums.source.sha256}]
tests: [{name: version, command: [python3, --version], stdout: "Python {version}", exit: 0}]
""",
        name=NAME,
    )

    assert config.title == "cpython"
    assert config.mirrors == {
        "docker.io": ("local",),
        "ghcr.io": ("http://127.0.0.1:5000", "https://mirror.example/hub"),
    }
    assert config.exclude[1] == Exclusion(
        arch=("s390x",),
        variant=("alpine",),
        version=VersionRange.parse(">=3.14"),
        reason="x",
        until=dt.date(2026, 12, 31),
    )
    assert config.holds == (
        Hold(
            line="3.14",
            variants=(Variant("alpine3.24"),),
            facts=Release.model_validate({"version": "3.14.5", "extra": "w"}),
            reason="x",
            until=dt.date(2026, 12, 31),
        ),
    )
    assert config.values[0].set == {"packages": ["a", "b"], "lto": True}
    assert config.builder_of("s390x", Variant("trixie")) == Builder(
        driver="remote", endpoint="tcp://10.0.0.5:1234", emulate=True
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [":1: expected a mapping, got nothing"]),
        ("- image", [":1: expected a mapping, got a list"]),
        ("registry: local", [":1: image: is missing"]),
        ("image: python\nimage: x", [":1: image: this key stands there again in line 2; keep one"]),
        ("image: python\n\nalias: {}", [":3: alias: unknown key; did you mean `aliases`?"]),
        ("image: 3", [":1: image: expected text in quotes, got 3"]),
        ("image: a\nmaintainers: x", [":2: maintainers: expected a list, got 'x'"]),
        ("image: a\naliases: {x: [y1]}", [":2: aliases/x: 'x' is not a line; write it like 3.14 or 3.15-rc"]),
        ('image: a\naliases: {"3.1": [x, x]}', [":2: aliases/3.1: x stands there more than once; keep one"]),
        (
            'image: a\naliases:\n  "3.1":\n    - x\n    - sha256-1\n',
            [":5: aliases/3.1/1: 'sha256-1': tags that start with sha256- are the registry's own; choose another"],
        ),
        (
            "image: a\nbest_effort: [arm64]",
            [":2: best_effort/0: 'arm64' is not an arch; did you mean `arm64v8`?"],
        ),
        ("image: a\nexclude:\n  - arch: s390x", [":3: exclude/0/reason: is missing"]),
        (
            'image: a\nexclude:\n  - {version: 3.10, reason: ""}',
            [
                ":3: exclude/0/reason: expected some text, got none",
                ":3: exclude/0/version: 3.10 is a number to YAML, which does not keep its digits; "
                'put it in quotes: "3.10"',
            ],
        ),
        (
            "image: a\nexclude: [{reason: x, until: soon}]",
            [":2: exclude/0/until: 'soon' is not a day; write it like 2026-12-31"],
        ),
        (
            "image: a\nexclude: [{reason: x, until: 20261231}]",
            [":2: exclude/0/until: 20261231 is not a day; write it like 2026-12-31"],
        ),
        (
            'image: a\nholds: [{line: "1", variants: [], facts: {version: 1.0.0}}]',
            [
                ":2: holds/0/reason: is missing",
                ":2: holds/0/variants: expected at least one entry, got none",
            ],
        ),
        (
            'image: a\nholds: [{line: "1", variants: a, facts: {checksums: {x: {sha256: w}}}, reason: z}]',
            [
                ":2: holds/0/facts/checksums/x/sha256: 'w' is not a sha256: 64 digits and letters a to f",
                ":2: holds/0/facts/version: is missing",
            ],
        ),
        (
            'image: a\nholds: [{line: "1", variants: a, facts: {version: "1.0", variants: [b]}, reason: z}]',
            [":2: holds/0: `facts` does not take `variants`; they stand beside it"],
        ),
        (
            "image: a\nbuild_args: {GITHUB_TOKEN: x}",
            [
                ":2: build_args/GITHUB_TOKEN: GITHUB_TOKEN: a build argument is public in the image's history; "
                "it must not be a secret"
            ],
        ),
        ("image: a\nbuild_args: {A: 1}", [":2: build_args/A: expected text in quotes, got 1"]),
        (
            "image: a\nsources: [{file: a, url: b}]",
            [":2: sources/0: give either `sha256` (where versions.json keeps it) or `unverified` (why there is none)"],
        ),
        ("image: a\ntests: [{name: a, command: []}]", [":2: tests/0/command: expected at least one entry, got none"]),
        (
            "image: a\nvalues: [{set: {day: 2026-12-31}}]",
            [":2: values/0/set/day: expected text, a number, a list or a mapping, got 2026-12-31"],
        ),
        (
            "image: A\nnamespace: B\n\nmirrors: {docker.io: [https://u:p@h]}\ndockerfiles: /x\n",
            [
                ":1: image: 'A' is not a repository name: lower-case words joined by / . _ -",
                ":2: namespace: 'B' is not a repository name: lower-case words joined by / . _ -",
                ":4: mirrors/docker.io/0: 'https://***@h' holds credentials; remove them, "
                "Docker's configuration is the place for them",
                ":5: dockerfiles: '/x' is not a folder below this one; write it like dockerfiles",
            ],
        ),
    ],
)
def test_every_wrong_place_is_named_by_its_line(text: str, expected: list[str]) -> None:
    with pytest.raises(InputError) as error:
        read(text, name=NAME)

    assert error.value.problems == tuple(f"{NAME}{problem}" for problem in expected)


@pytest.mark.parametrize(
    ("scope", "line", "expected"),
    [
        (Scope(), "3.14", True),
        (Scope(variant=("slim",)), "3.14", True),
        (Scope(variant=("alpine", "slim-trixie")), "3.14", True),
        (Scope(variant=("alpine",)), "3.14", False),
        (Scope.model_validate({"version": ">=3.14"}), "3.14", True),
        (Scope.model_validate({"version": ">=3.14", "variant": "slim"}), "3.13", False),
    ],
)
def test_a_scope_covers_what_its_version_and_its_variants_take(scope: Scope, line: str, expected: bool) -> None:
    assert scope.covers(line=line, variant=SLIM) is expected


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        ({}, None),
        ({"slim": "group"}, "group"),
        ({"slim": "group", "slim-trixie": "own"}, "own"),
        ({"debian": "other"}, None),
    ],
)
def test_a_variants_own_base_goes_before_its_groups(bases: dict[str, str], expected: str | None) -> None:
    assert Config(image="x", bases=bases).base_of(SLIM) == expected


def test_a_variants_own_architectures_go_before_its_groups() -> None:
    config = Config(image="x", architectures={"slim": ("amd64", "s390x"), "slim-trixie": ("amd64",)})

    assert [config.architectures_of(Variant(name)) for name in ("slim-trixie", "slim-bookworm", "trixie")] == [
        ("amd64",),
        ("amd64", "s390x"),
        None,
    ]


@pytest.mark.parametrize(
    ("arch", "variant", "expected"),
    [
        ("amd64", "trixie", "default"),
        ("s390x", "trixie", "s390x"),
        ("s390x", "alpine3.24", "alpine"),
        ("s390x", "slim-trixie", "slim-trixie"),
        ("amd64", "slim-trixie", "slim-trixie"),
        ("windows-amd64", "windows/windowsservercore-ltsc2025", "windows/windowsservercore-ltsc2025"),
        ("windows-amd64", "windows/windowsservercore-ltsc2022", "windowsservercore-ltsc2022"),
    ],
)
def test_the_builder_of_a_variant_comes_before_that_of_its_arch(arch: str, variant: str, expected: str) -> None:
    keys = ("default", "s390x", "alpine", "slim-trixie", "windows/windowsservercore-ltsc2025")
    builders = {key: Builder(jobs=number) for number, key in enumerate((*keys, "windowsservercore-ltsc2022"), 1)}
    config = Config(image="x", builders=builders)

    assert config.builder_key(arch, Variant(variant)) == expected
    assert config.builder_of(arch, Variant(variant)) == builders[expected]


def test_without_any_builder_there_is_the_local_one() -> None:
    assert Config(image="x", builders={}).builder_of("amd64", Variant("trixie")) == Builder()
