from dataclasses import replace

from orchestrator.errors import UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Build, Plan, Unknown
from orchestrator.model.plan.build_id import build_id
from orchestrator.model.plan.reasons import LastStaged
from orchestrator.render.why import why_document, why_text
from tests.samples import build, child

AMD64 = build("2.0/trixie@amd64")
STAGED = digest_of(b"staged")
MOVED = digest_of(b"moved")


def after(**inputs: object) -> Build:
    """The build as it stands when its target was staged with these inputs before."""
    old = replace(AMD64.inputs, **inputs)  # type: ignore[arg-type] # the fields of BuildInputs, as each test needs
    return replace(AMD64, last=LastStaged(STAGED, replace(AMD64.kept, inputs=old)))


def test_what_changed_has_both_values_and_the_rest_is_told_in_a_word() -> None:
    one = after(bases={"busybox:trixie": MOVED}, build_args={"LINE": "1.9"})
    [old] = [build_id(one.last.kept.inputs)] if one.last and one.last.kept else []

    assert why_text(Plan((one,))) == (
        "2.0/trixie@amd64: needed\n"
        f"  build ID         {old} -> {AMD64.build_id}\n"
        f"  Dockerfile       unchanged: sha256:{AMD64.inputs.dockerfile}\n"
        "  context files    unchanged: none\n"
        "  build arguments  changed\n"
        "                   LINE 1.9 -> 2.0/trixie\n"
        "  bases            changed\n"
        f"                   busybox:trixie {MOVED} -> {AMD64.inputs.bases['busybox:trixie']}\n"
        "  builder          unchanged: buildkit for linux/amd64\n"
    )


def test_parents_are_told_where_there_are_any_with_their_build_ids() -> None:
    one = child("2.0/slim-trixie@amd64", AMD64)
    old = replace(one.inputs, bases={"tool:2.0": "build:1"})
    changed = replace(one, last=LastStaged(STAGED, replace(one.kept, inputs=old)))

    same, other = why_text(Plan((one,))).splitlines(), why_text(Plan((changed,))).splitlines()

    parent = f"build:{AMD64.build_id}"
    assert same[5:7] == ["  bases            none", f"  parents          tool:2.0 {parent}"]
    assert other[5:8] == [
        "  bases            unchanged: none",
        "  parents          changed",
        f"                   tool:2.0 build:1 -> {parent}",
    ]


def test_what_is_new_has_only_what_it_is_made_from() -> None:
    assert why_text(Plan((AMD64,))) == (
        "2.0/trixie@amd64: needed; new\n"
        f"  build ID         {AMD64.build_id}\n"
        f"  Dockerfile       sha256:{AMD64.inputs.dockerfile}\n"
        "  context files    none\n"
        "  build arguments  LINE=2.0/trixie\n"
        f"  bases            busybox:trixie {AMD64.inputs.bases['busybox:trixie']}\n"
        "  builder          buildkit for linux/amd64\n"
    )


def test_an_argument_of_several_lines_is_told_on_one() -> None:
    one = replace(AMD64, inputs=replace(AMD64.inputs, build_args={"A": "1\n2", "B": "a b"}))

    assert why_text(Plan((one,))).splitlines()[4] == r"  build arguments  A=1\n2 B=a b"


def test_what_is_up_to_date_is_what_was_staged() -> None:
    lines = why_text(Plan((replace(AMD64, staged=STAGED),))).splitlines()

    assert lines[:3] == [
        "2.0/trixie@amd64: up to date",
        f"  build ID         {AMD64.build_id}",
        f"  staged           {STAGED}",
    ]
    assert all("unchanged: " in line for line in lines[3:])


def test_what_is_unknown_says_so_behind_the_builds() -> None:
    plan = Plan((AMD64,), (Unknown(build("2.0/trixie@s390x").target, UnavailableError("503")),))

    assert why_text(plan).splitlines()[-2:] == ["", "2.0/trixie@s390x: unknown: 503"]
    assert [entry["state"] for entry in why_document(plan)["builds"]] == ["needed", "unknown"]
    assert why_document(plan)["exit_code"] == 13


def test_json_has_the_inputs_before_and_now() -> None:
    one = after(builder="classic")

    [entry] = why_document(Plan((one,)))["builds"]

    old = {**AMD64.inputs.document(), "builder": "classic"}
    assert (entry["before"], entry["inputs"]) == (old, AMD64.inputs.document())
    assert entry["reasons"] == [{"kind": "builder changed", "what": "kind", "old": "classic", "new": "buildkit"}]
    assert entry["last_staged"] == {"build_id": build_id(replace(AMD64.inputs, builder="classic")), "digest": STAGED}


def test_json_of_what_was_never_staged_or_tells_nothing_has_no_inputs_before() -> None:
    untold = replace(AMD64, last=LastStaged(STAGED, None))

    entries = why_document(Plan((AMD64, untold)))["builds"]

    assert [(entry["before"], entry["last_staged"]) for entry in entries] == [
        (None, None),
        (None, {"build_id": None, "digest": STAGED}),
    ]
