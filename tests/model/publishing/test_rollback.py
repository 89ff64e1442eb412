import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.oci import OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.journal import Entry
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.moves import Rules
from orchestrator.model.publishing.rollback import Restored, Result, restored
from orchestrator.model.references import Repository

TAG = Repository("registry.example", "library/tool").tagged("2.0")


def named(content: str, *arches: str) -> Live:
    members = tuple(
        Member(arch, Descriptor(OCI_MANIFEST, digest_of(f"{arch} {content}".encode()), 7, ARCHES[arch].platform))
        for arch in arches
    )
    return Live(assemble(members), members)


OLD, NEW, OTHER = named("old", "amd64"), named("new", "amd64"), named("other", "amd64")
MOVED = Entry(TAG, OLD.digest, NEW.digest, is_done=True)
FIRST = Entry(TAG, "", NEW.digest, is_done=True)


@pytest.mark.parametrize(
    ("entry", "now", "before", "expected"),
    [
        (MOVED, NEW, OLD, Restored(MOVED, Result.WOULD_RESTORE, document=OLD.document)),
        (MOVED, OLD, OLD, Restored(MOVED, Result.UNCHANGED)),
        (FIRST, Live(), Live(), Restored(FIRST, Result.UNCHANGED)),
        (FIRST, NEW, Live(), Restored(FIRST, Result.STAYS, detail="it named nothing before, or nobody could say what")),
        (
            MOVED,
            OTHER,
            OLD,
            Restored(
                MOVED,
                Result.MOVED_SINCE,
                ExitCode.TAG_MOVED,
                f"it names {OTHER.digest} now, and not what the run put there",
            ),
        ),
        (
            MOVED,
            Live(),
            OLD,
            Restored(
                MOVED, Result.MOVED_SINCE, ExitCode.TAG_MOVED, "it names nothing now, and not what the run put there"
            ),
        ),
        *(
            (
                entry,
                Live(is_damaged=True),
                OLD,
                Restored(
                    entry,
                    Result.FAILED,
                    ExitCode.UNAVAILABLE,
                    "the registry cannot read what it names; `orchestrator publish` writes it anew, "
                    "take back after that",
                ),
            )
            for entry in (MOVED, FIRST)
        ),
        (
            MOVED,
            NEW,
            Live(),
            Restored(
                MOVED,
                Result.GONE,
                ExitCode.INCOMPLETE,
                f"{OLD.digest} is no more whole in the registry; `keep_alive` in orchestrator.yaml keeps such",
            ),
        ),
    ],
)
def test_only_what_the_run_put_is_taken_back(entry: Entry, now: Live, before: Live, expected: Restored) -> None:
    assert restored(entry, now, before, Rules()) == expected


def test_a_run_that_was_killed_is_taken_back_by_what_the_tag_names() -> None:
    intended = Entry(TAG, OLD.digest, NEW.digest, is_done=False)

    assert restored(intended, NEW, OLD, Rules()).result is Result.WOULD_RESTORE
    assert restored(intended, OLD, OLD, Rules()).result is Result.UNCHANGED


def test_going_back_loses_no_platform_without_leave() -> None:
    wider = named("new", "amd64", "riscv64")
    entry = Entry(TAG, OLD.digest, wider.digest, is_done=True)

    assert restored(entry, wider, OLD, Rules()) == Restored(
        entry, Result.REFUSED, ExitCode.PUBLISH_REFUSED, "it would lose linux/riscv64; allow it by --allow-drop"
    )
    assert restored(entry, wider, OLD, Rules(frozenset({"linux/riscv64"}))).result is Result.WOULD_RESTORE


@pytest.mark.parametrize(
    ("code", "expected"), [(ExitCode.TAG_MOVED, Result.MOVED_SINCE), (ExitCode.UNAVAILABLE, Result.FAILED)]
)
def test_a_tag_that_another_job_moves_meanwhile_was_moved_since(code: ExitCode, expected: Result) -> None:
    proposed = restored(MOVED, NEW, OLD, Rules())

    assert proposed.failed(code, "why") == Restored(MOVED, expected, code, "why", OLD.document)
