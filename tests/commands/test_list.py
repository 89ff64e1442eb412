import json
import shutil
from pathlib import Path

from orchestrator.commands.list import command
from orchestrator.errors import ExitCode, InputError, NothingSelectedError
from tests.commands.image import CONFIG, image, run


def test_targets_are_listed_with_arches_and_tags(tmp_path: Path) -> None:
    result = run(command, image(tmp_path))

    assert (result.return_value, result.stdout) == (
        ExitCode.DONE,
        "TARGET           VERSION  ARCHITECTURES  TAGS\n"
        "2.0/trixie       2.0.1    amd64 s390x    2.0.1-trixie, 2.0-trixie, 2-trixie, trixie, 2.0.1, 2.0, 2, latest\n"
        "2.0/slim-trixie  2.0.1    amd64          "
        "2.0.1-slim-trixie, 2.0-slim-trixie, 2-slim-trixie, slim-trixie, 2.0.1-slim, 2.0-slim, 2-slim, slim\n"
        "1.0/trixie       1.0.7    amd64          1.0.7-trixie, 1.0-trixie, 1.0.7, 1.0\n"
        "3 targets, 4 builds\n",
    )


def test_what_is_excluded_is_told_with_its_rule_when_asked_for(tmp_path: Path) -> None:
    result = run(command, image(tmp_path), "--version", "1.0", "--all")

    assert result.stdout.splitlines()[-2:] == [
        "EXCLUDED          REASON          UNTIL",
        "1.0/trixie@s390x  too old for it  until 2027-01-31",
    ]


def test_a_rule_that_has_ended_is_an_error_but_with_all_it_is_shown(tmp_path: Path) -> None:
    root = image(tmp_path, config=CONFIG.replace("until: 2027-01-31", "until: 2025-12-31"))

    plain, everything = run(command, root), run(command, root, "--version", "1.0", "--all")

    assert isinstance(plain.exception, InputError)
    assert everything.stdout.splitlines()[-1] == (
        "1.0/trixie@s390x  too old for it  ended on 2025-12-31: delete it, or give it a later day"
    )


HELD = CONFIG + (
    'holds: [{line: "1.0", variants: slim-trixie, facts: {version: 1.0.6}, reason: "no installer yet", '
    "until: 2026-03-31}]\n"
)


def test_a_held_variant_is_listed_last_at_its_own_release(tmp_path: Path) -> None:
    result = run(command, image(tmp_path, config=HELD), "--version", "1.0", "--all")

    assert result.stdout == (
        "TARGET           VERSION  ARCHITECTURES  TAGS\n"
        "1.0/trixie       1.0.7    amd64          1.0.7-trixie, 1.0-trixie, 1.0.7, 1.0\n"
        "1.0/slim-trixie  1.0.6    amd64          1.0.6-slim-trixie, 1.0-slim-trixie, 1.0.6-slim, 1.0-slim\n"
        "2 targets, 2 builds\n"
        "\n"
        "HELD                      REASON            UNTIL\n"
        "1.0/slim-trixie at 1.0.6  no installer yet  until 2026-03-31\n"
        "\n"
        "EXCLUDED          REASON          UNTIL\n"
        "1.0/trixie@s390x  too old for it  until 2027-01-31\n"
    )


def test_a_hold_is_explained_in_json(tmp_path: Path) -> None:
    result = run(command, image(tmp_path, config=HELD), "1.0/slim-trixie", "--format", "json")

    assert json.loads(result.stdout)["targets"][0]["hold"] == {"reason": "no installer yet", "until": "2026-03-31"}


def test_a_hold_that_has_ended_is_an_error_with_its_line(tmp_path: Path) -> None:
    result = run(command, image(tmp_path, config=HELD.replace("2026-03-31", "2025-12-31")))

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == (
        "orchestrator.yaml:8: holds/0/until: the hold ended on 2025-12-31 (no installer yet); "
        "delete it, or give it a later day"
    )


def test_json_has_the_same(tmp_path: Path) -> None:
    result = run(command, image(tmp_path), "--version", "1.0", "--all", "--format", "json")

    assert json.loads(result.stdout) == {
        "schema": 1,
        "exit_code": 0,
        "targets": [
            {
                "target": "1.0/trixie",
                "version": "1.0.7",
                "architectures": ["amd64"],
                "tags": ["1.0.7-trixie", "1.0-trixie"],
                "shared_tags": ["1.0.7", "1.0"],
                "hold": None,
            }
        ],
        "excluded": [{"target": "1.0/trixie@s390x", "reason": "too old for it", "until": "2027-01-31"}],
    }


def test_a_matrix_is_one_line_with_a_job_for_each_build(tmp_path: Path) -> None:
    result = run(command, image(tmp_path), "2.0/trixie", "1.0/trixie", "--format", "matrix")

    assert result.stdout == (
        '{"include": ['
        '{"target": "2.0/trixie@amd64", "version": "2.0.1", "variant": "trixie", "arch": "amd64", '
        '"platform": "linux/amd64"}, '
        '{"target": "2.0/trixie@s390x", "version": "2.0.1", "variant": "trixie", "arch": "s390x", '
        '"platform": "linux/s390x"}, '
        '{"target": "1.0/trixie@amd64", "version": "1.0.7", "variant": "trixie", "arch": "amd64", '
        '"platform": "linux/amd64"}]}\n'
    )


def test_a_list_needs_no_templates(tmp_path: Path) -> None:
    shutil.rmtree(image(tmp_path) / "templates")

    assert run(command, tmp_path).return_value is ExitCode.DONE


def test_nothing_selected_names_what_comes_nearest(tmp_path: Path) -> None:
    result = run(command, image(tmp_path), "2.0/trixi")

    assert isinstance(result.exception, NothingSelectedError)
    assert str(result.exception).startswith("no target '2.0/trixi': did you mean 2.0/trixie, ")


def test_listing_writes_nothing_and_starts_nothing(tmp_path: Path) -> None:
    before = sorted(image(tmp_path).rglob("*"))

    run(command, tmp_path)

    assert sorted(tmp_path.rglob("*")) == before


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator list" in run(command, tmp_path, "--help").output
