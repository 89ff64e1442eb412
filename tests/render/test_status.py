import datetime as dt
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.outcomes import BuiltOn, Result
from orchestrator.model.platforms import ARCHES
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.status import Cell, Failure, Standing, Status
from orchestrator.model.status.last_run import LastRun, Ran
from orchestrator.model.status.public_tags import Public, Publicity, SharedTag, Size
from orchestrator.model.status.records import Record
from orchestrator.render.status import COLUMNS, MARKS, age, status_document, status_text
from tests.samples import CONFIG, build, target

NOW = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
YESTERDAY = NOW - dt.timedelta(days=1)
STAGED = digest_of(b"staged")
AMD64 = build("2.0/trixie@amd64", staged=STAGED)
S390X = build("2.0/trixie@s390x")
OWN = Reference.parse("registry.example/amd64/tool:2.0-trixie")
PUBLIC = Public(Publicity.PUBLISHED, OWN, STAGED, YESTERDAY, "20260101T120000Z-0123abcd")
RAN = Ran("2.0/trixie@s390x", "s390x", S390X.build_id, "big-iron", NOW - dt.timedelta(minutes=5))
FAILURE = Failure(YESTERDAY, NOW, 3, ExitCode.BUILD_FAILED, "exit code: 7", "http://ci/7", NOW, ("no such file",))
DONE = Cell(AMD64.target, Standing.UP_TO_DATE, build=AMD64, public=PUBLIC, size=7, sizes=(Size(YESTERDAY, STAGED, 9),))
RECORD = Record(
    target=str(AMD64.target),
    build_id=AMD64.build_id,
    result=Result.BUILT,
    exit_code=ExitCode.DONE,
    detail="",
    size_bytes=7,
    started=YESTERDAY,
    seconds=1.5,
    attempts=1,
    builder=BuiltOn("big", "tcp://10.0.0.5:1234"),
    repeat="make build",
    log="logs/it.log",
)
FAILED = Cell(S390X.target, Standing.FAILED, ("new",), S390X, failure=FAILURE)


def status(*cells: Cell) -> Status:
    return Status(Repositories("registry.example", CONFIG), NOW, cells)


def test_the_matrix_comes_with_its_legend_the_reasons_and_what_is_public() -> None:
    other = replace(FAILED, target=target("1.0/trixie@s390x"))
    unknown = Cell(target("1.0/trixie@amd64"), Standing.UNKNOWN, ("base: 503",))

    found = replace(status(DONE, FAILED, unknown, other), errors=(UnavailableError("base: 503"),))

    assert status_text(found) == (
        "registry.example/library/tool at 2026-01-02 12:00 UTC\n"
        "\n"
        "            amd64\n"
        "            |  s390x\n"
        "2.0/trixie  =  F\n"
        "1.0/trixie  ?  F\n"
        "\n"
        "F failed 2  ? unknown 1  = up to date 1\n"
        "\n"
        "failed: 2.0/trixie@s390x, 1.0/trixie@s390x\n"
        "  3 times, first 1 d ago: exit code: 7\n"
        "  log: http://ci/7, http://ci/7\n"
        "\n"
        "targets: 1 published; the oldest moved 1 d ago\n"
        "unknown: base: 503\n"
    )


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (replace(FAILED, failure=replace(FAILURE, tries=1, log="")), "  once, first 1 d ago: exit code: 7\n\n"),
        (
            replace(FAILED, failure=replace(FAILURE, cause="smoke test runs: no\nsmoke test sings: no", log="")),
            "  3 times, first 1 d ago: smoke test runs: no; smoke test sings: no\n\n",
        ),
        (Cell(S390X.target, Standing.BUILDING, ("new",), S390X, running=RAN), "  for 5 min on big-iron\n\n"),
        (
            Cell(S390X.target, Standing.BUILDING, ("new",), S390X, running=replace(RAN, builder="")),
            "  for 5 min\n\n",
        ),
        (Cell(S390X.target, Standing.STALE, ("base moved", "file changed"), S390X), "  base moved; file changed\n\n"),
    ],
)
def test_each_state_says_why(cell: Cell, expected: str) -> None:
    assert f"{cell.standing}: 2.0/trixie@s390x\n{expected}" in status_text(status(cell))


def test_every_architecture_and_a_long_name_fit_the_terminal() -> None:
    # Two whose names are one when they are cut are two lines all the same.
    long = [f"3.14/{'x' * length}-trixie" for length in (50, 51)]
    names = ("3.14/windows/windowsservercore-ltsc2025", *long, "3.14/trixie")
    cells = [Cell(target(f"{name}@{arch}"), Standing.STALE) for name in names for arch in ARCHES]

    lines = status_text(status(*cells)).splitlines()

    matrix = lines[2 : 2 + len(ARCHES) + len(names)]
    assert max(map(len, matrix)) <= COLUMNS
    assert [line.split()[0] for line in matrix[len(ARCHES) :]] == [
        "3.14/windowsservercore-ltsc2025",
        *[f"3.14/{'x' * 11}..{'x' * 9}-trixie"] * 2,
        "3.14/trixie",
    ]
    assert all(line.count("S") == len(ARCHES) for line in matrix[len(ARCHES) :])


def test_of_many_problems_the_first_are_told() -> None:
    found = replace(status(DONE), errors=(UnavailableError(*(f"no {number}" for number in range(7))),))

    assert status_text(found).endswith("unknown: no 4\nand 2 more that `--format json` tells\n")


def test_each_state_has_a_mark_of_its_own() -> None:
    assert (set(MARKS), len(set(MARKS.values()))) == (set(Standing), len(Standing))


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7_199, "1 h"), (172_800, "2 d")]
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, expected: str) -> None:
    assert age(NOW - dt.timedelta(seconds=seconds), NOW) == expected


def test_the_document_has_every_fact_of_a_target() -> None:
    ended = replace(RAN, target="2.0/trixie@amd64", ended=NOW, result="built", attempts=1)
    found = replace(
        status(replace(DONE, record=RECORD), replace(FAILED, running=RAN)),
        tags=(SharedTag(OWN, (AMD64.target,), Publicity.PUBLISHED, STAGED, YESTERDAY),),
        last_run=LastRun(YESTERDAY, NOW, (ended,), is_over=True),
    )

    document = status_document(found)

    built, failed = document.pop("builds")
    yesterday, now = "2026-01-01T12:00:00+00:00", "2026-01-02T12:00:00+00:00"
    assert document == {
        "schema": 1,
        "exit_code": 0,
        "image": "tool",
        "repository": "registry.example/library/tool",
        "at": now,
        "counts": {"failed": 1, "up to date": 1},
        "tags": [
            {
                "tag": "2.0-trixie",
                "reference": str(OWN),
                "state": "published",
                "digest": STAGED,
                "since": yesterday,
                "targets": ["2.0/trixie@amd64"],
            }
        ],
        "last_run": {
            "began": yesterday,
            "heard": now,
            "builds": [
                {
                    "target": "2.0/trixie@amd64",
                    "builder": "big-iron",
                    "started": "2026-01-02T11:55:00.000+00:00",
                    "ended": "2026-01-02T12:00:00.000+00:00",
                    "result": "built",
                    "attempts": 1,
                    "running": False,
                }
            ],
        },
        "problems": [],
    }
    assert built == {
        "target": "2.0/trixie@amd64",
        "version": "2.0",
        "variant": "trixie",
        "group": "debian",
        "arch": "amd64",
        "platform": "linux/amd64",
        "build_id": AMD64.build_id,
        "state": "up to date",
        "why": [],
        "staged": STAGED,
        "repeat": AMD64.make_command,
        "failure": None,
        "building": None,
        "last_build": {
            "result": "built",
            "started": yesterday,
            "seconds": 1.5,
            "attempts": 1,
            "builder": {"name": "big", "address": "tcp://10.0.0.5:1234"},
            "log": "out/logs/it.log",
        },
        "public": {
            "state": "published",
            "tag": str(OWN),
            "digest": STAGED,
            "since": yesterday,
            "run": "20260101T120000Z-0123abcd",
            "problem": None,
        },
        "size_bytes": 7,
        "sizes": [{"since": yesterday, "digest": STAGED, "size_bytes": 9}],
    }
    assert failed["failure"] == {
        "since": yesterday,
        "last": now,
        "tries": 3,
        "due": now,
        "exit_code": 10,
        "cause": "exit code: 7",
        "log": "http://ci/7",
        "excerpt": ["no such file"],
    }
    assert failed["building"]["ended"] is None


@pytest.mark.parametrize(
    ("result", "expected"),
    [(Result.FAILED, "make build EMULATE=1"), (Result.BUILT, AMD64.make_command), (None, AMD64.make_command)],
)
def test_what_failed_here_is_repeated_as_it_was_run(result: Result | None, expected: str) -> None:
    record = RECORD.model_copy(update={"result": result, "repeat": "make build EMULATE=1"}) if result else None

    [built] = status_document(status(replace(DONE, record=record)))["builds"]

    assert built["repeat"] == expected
