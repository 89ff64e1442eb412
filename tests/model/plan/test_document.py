import json
from dataclasses import replace

from orchestrator.errors import UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Plan, Unknown
from orchestrator.model.plan.document import plan_document, plan_entries
from tests.samples import build, child

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
STAGED = digest_of(b"staged")


def test_the_document_says_all_that_was_decided() -> None:
    document = plan_document(Plan((replace(AMD64, staged=STAGED), S390X)))

    digest = digest_of(b"s390x")
    assert (document["schema"], document["exit_code"], document["builds"][0]["staged"]) == (1, 0, STAGED)
    assert document["builds"][1] == {
        "target": "2.0/trixie@s390x",
        "arch": "s390x",
        "platform": "linux/s390x",
        "build_id": S390X.build_id,
        "state": "needed",
        "reason": "new",
        "reasons": [{"kind": "new", "what": "", "old": None, "new": None}],
        "staging": f"registry.example/staging/staging-s390x:{S390X.build_id}",
        "staged": None,
        "bases": [{"name": "busybox:trixie", "digest": digest, "pulled_from": f"docker.io/library/busybox@{digest}"}],
        "parents": [],
        "build_args": {"LINE": "2.0/trixie"},
        "directory": "dockerfiles/2.0/trixie",
        "inputs": S390X.inputs.document(),
        "needed_by": [],
        "blocks": [],
    }


def test_parents_are_told_from_both_sides() -> None:
    on_s390x = child("2.0/slim-trixie@s390x", S390X)

    parent, needy = plan_entries(Plan((replace(S390X, selected=False), on_s390x)))

    assert (parent["needed_by"], parent["blocks"]) == (["2.0/slim-trixie@s390x"], ["2.0/slim-trixie@s390x"])
    assert (needy["needed_by"], needy["blocks"], needy["bases"]) == ([], [], [])
    assert needy["parents"] == [
        {"name": "tool:2.0", "target": "2.0/trixie@s390x", "build_id": S390X.build_id, "staged": None}
    ]
    assert needy["inputs"]["bases"] == {"tool:2.0": f"build:{S390X.build_id}"}


def test_what_is_unknown_says_why_behind_the_builds() -> None:
    error = UnavailableError("registry.example: 503", "and again")
    document = plan_document(Plan((AMD64,), (Unknown(S390X.target, error),)))

    assert document["exit_code"] == 13
    assert document["builds"][1] == {
        "target": "2.0/trixie@s390x",
        "arch": "s390x",
        "platform": "linux/s390x",
        "build_id": None,
        "state": "unknown",
        "reason": "registry.example: 503; and again",
        "exit_code": 13,
        "needed_by": [],
        "blocks": [],
    }


def test_the_same_plan_has_the_same_bytes() -> None:
    def text() -> str:
        return json.dumps(plan_document(Plan((build("2.0/trixie@amd64"), build("1.0/slim-trixie@s390x")))), indent=2)

    assert text() == text()
