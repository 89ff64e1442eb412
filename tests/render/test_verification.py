"""Tests of what `verify` prints."""

from orchestrator.errors import ExitCode
from orchestrator.model.oci import Descriptor, digest_of
from orchestrator.model.verification import Need, Part, State, Verification
from orchestrator.render.verification import verification_document, verification_text

A, B, C = (digest_of(name) for name in (b"a", b"b", b"c"))
LAYER = Need(Descriptor("tar", C, 3), Part.LAYER, ("1.0 linux/amd64", "1.0 linux/s390x"))
PROBLEM = LAYER.problem(State.MISSING, "it is not there")
DAMAGED = Verification("registry.example/a/b", {"1.0": A, "1.0.7": B}, {Part.INDEX: 2}, 3, 4000, (PROBLEM,))
WHOLE = Verification("oci:there", {"index.json": A}, {Part.INDEX: 1, Part.LAYER: 2}, 0, 7, ())


def test_what_is_wrong_is_told_with_who_needs_it_and_what_to_do() -> None:
    assert verification_text([DAMAGED, WHOLE]) == (
        f"missing layer {C} in registry.example/a/b\n"
        "  needed by: 1.0 linux/amd64; 1.0 linux/s390x\n"
        "  problem: it is not there\n"
        "  to do: publish its tags again; where staging has lost it too, build it again with --force\n"
        f"registry.example/a/b 1.0 ({A}): missing\n"
        f"registry.example/a/b 1.0.7 ({B}): whole\n"
        "proven: 2 indexes, 4000 bytes; layers seen, but not read without --deep: 3\n"
        f"oci:there index.json ({A}): whole\n"
        "proven: 1 index, 2 layers, 7 bytes\n"
    )


def test_programs_get_the_same() -> None:
    document = verification_document([DAMAGED, WHOLE])

    assert (document["schema"], document["exit_code"]) == (1, int(ExitCode.CONTRACT_BROKEN))
    assert document["places"][0] == {
        "place": "registry.example/a/b",
        "images": {"1.0": A, "1.0.7": B},
        "proven": {"index": 2},
        "proven_bytes": 4000,
        "layers_seen": 3,
        "problems": [
            {
                "state": "missing",
                "part": "layer",
                "digest": C,
                "needed_by": ["1.0 linux/amd64", "1.0 linux/s390x"],
                "problem": "it is not there",
                "to_do": "publish its tags again; where staging has lost it too, build it again with --force",
                "exit_code": 22,
            }
        ],
    }
    assert [place["problems"] for place in document["places"][1:]] == [[]]
