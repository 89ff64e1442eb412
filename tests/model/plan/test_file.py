import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import InputError, TagMovedError, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Build, Plan, Unknown
from orchestrator.model.plan.build_id import build_id
from orchestrator.model.plan.file import PlanFile, document, read
from orchestrator.model.targets import Matrix
from tests.samples import build, child

AMD64, S390X = build("2.0/trixie@amd64"), build("2.0/trixie@s390x")
STAGED = digest_of(b"staged")
NEW = digest_of(b"new")


def written(*builds: Build, **changes: Any) -> PlanFile:
    return read(json.dumps({**document(Plan(builds), ["A=1"]), **changes}), name="plan.json")


def now(one: Build, **inputs: object) -> Build:
    """The build with other inputs, under the build ID that follows."""
    other = replace(one.inputs, **inputs)  # type: ignore[arg-type] # the fields of BuildInputs, as each test needs
    return replace(one, inputs=other, staging=one.staging.repository.tagged(build_id(other)))


def rendered(one: Build, text: str) -> Build:
    """The build of another Dockerfile."""
    return replace(now(one, dockerfile=hashlib.sha256(text.encode()).hexdigest()), dockerfile=text)


def test_a_plan_that_was_written_is_read_again() -> None:
    found = written(S390X, AMD64)

    assert (found.build_args, found.targets(Matrix((AMD64.target, S390X.target), ()))) == (
        ("A=1",),
        (S390X.target, AMD64.target),
    )
    assert [(each.build_id, each.kept.inputs) for each in found.builds] == [
        (S390X.build_id, S390X.inputs),
        (AMD64.build_id, AMD64.inputs),
    ]


def test_parents_that_nobody_asked_for_are_not_asked_for_by_the_plan_either() -> None:
    parent, needy = replace(AMD64, selected=False), child("2.0/slim-trixie@amd64", AMD64)
    found = written(parent, needy)

    assert [each.target for each in found.builds] == [str(parent.target), str(needy.target)]
    assert found.targets(Matrix((parent.target, needy.target), ())) == (needy.target,)
    found.check(Plan((parent, needy)))
    with pytest.raises(TagMovedError, match=r"2\.0/trixie@amd64: there is no such target any more"):
        found.targets(Matrix((needy.target,), ()))


def test_a_parent_that_changed_makes_the_plan_of_those_that_stand_on_it_stale() -> None:
    changed = now(AMD64, files={"motd": "a"})

    with pytest.raises(TagMovedError) as raised:
        written(AMD64, child("2.0/slim-trixie@amd64", AMD64)).check(
            Plan((changed, child("2.0/slim-trixie@amd64", changed)))
        )

    assert raised.value.problems == (
        "plan.json: 2.0/trixie@amd64: context file changed: motd (new); make the plan again",
        "plan.json: 2.0/slim-trixie@amd64: parent changed: tool:2.0 "
        f"build:{AMD64.build_id} -> build:{changed.build_id}; make the plan again",
    )


@pytest.mark.parametrize(
    ("planned", "found"),
    [
        (AMD64, AMD64),
        (AMD64, replace(AMD64, staged=STAGED)),
        (replace(AMD64, staged=STAGED), replace(AMD64, staged=STAGED)),
    ],
)
def test_a_plan_of_the_same_builds_is_carried_out(planned: Build, found: Build) -> None:
    written(planned).check(Plan((found,)))


@pytest.mark.parametrize(
    ("planned", "found", "expected"),
    [
        (
            rendered(AMD64, "FROM a\nENV B=1\n"),
            rendered(AMD64, "FROM a\nENV B=2\n"),
            "2.0/trixie@amd64: Dockerfile changed: line 2 ENV B=2",
        ),
        (
            AMD64,
            now(AMD64, files={"motd": "a"}, build_args={"LINE": "3"}),
            "2.0/trixie@amd64: context file changed: motd (new); build argument changed: LINE 2.0/trixie -> 3",
        ),
        (
            AMD64,
            now(AMD64, bases={"busybox:trixie": NEW}),
            f"2.0/trixie@amd64: base moved: busybox:trixie {AMD64.inputs.bases['busybox:trixie']} -> {NEW}",
        ),
        (
            replace(AMD64, staged=STAGED),
            AMD64,
            "2.0/trixie@amd64: it was staged when it was planned, and is not any more",
        ),
        (
            replace(AMD64, staging=replace(AMD64.staging, registry="other.example")),
            AMD64,
            "2.0/trixie@amd64: it was planned for other.example/staging/staging-amd64, "
            "and would go to registry.example/staging/staging-amd64 now",
        ),
        (
            replace(AMD64, staging=AMD64.staging.repository.tagged("0" * 64)),
            AMD64,
            "2.0/trixie@amd64: the rules of build IDs changed",
        ),
    ],
)
def test_a_stale_plan_is_refused_and_what_changed_is_named(planned: Build, found: Build, expected: str) -> None:
    with pytest.raises(TagMovedError) as raised:
        written(planned, S390X).check(Plan((found, S390X)))

    assert raised.value.problems == (f"plan.json: {expected}; make the plan again",)


def test_a_plan_without_its_dockerfiles_tells_that_one_changed() -> None:
    planned = written(rendered(AMD64, "FROM a\n"), dockerfiles=[])

    with pytest.raises(TagMovedError, match="amd64: Dockerfile changed; make the plan again"):
        planned.check(Plan((rendered(AMD64, "FROM b\n"),)))


def test_a_plan_holds_each_dockerfile_once() -> None:
    text = "FROM a\n"

    assert document(Plan((rendered(AMD64, text), rendered(S390X, text))), [])["dockerfiles"] == [text]


@pytest.mark.parametrize("argument", ["two\nlines", "\u202e", '"\\'])
def test_a_plan_may_hold_any_text(argument: str) -> None:
    planned = written(now(AMD64, build_args={"A": argument}))

    assert planned.builds[0].kept.inputs.build_args == {"A": argument}


def test_a_target_that_is_gone_makes_a_plan_stale() -> None:
    with pytest.raises(TagMovedError, match=r"^plan\.json: 2\.0/trixie@s390x: there is no such target any more; make"):
        written(AMD64, S390X).targets(Matrix((AMD64.target,), ()))


def test_a_plan_with_unknown_builds_is_not_carried_out() -> None:
    plan = Plan((AMD64,), (Unknown(S390X.target, UnavailableError("503")),))

    with pytest.raises(InputError, match=r"^plan\.json: 2\.0/trixie@s390x: unknown when it was planned; make the plan"):
        read(json.dumps(document(plan, [])), name="plan.json")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "plan.json: not JSON: EOF while parsing a value at line 1 column 0"),
        ("{}", "plan.json#/schema: is missing"),
        (
            json.dumps({**document(Plan((AMD64,)), []), "schema": 2}),
            "plan.json#/schema: expected 1, got 2",
        ),
        (
            json.dumps({**document(Plan((AMD64,)), []), "builds": [{"target": 1}]}),
            "plan.json#/builds/0/target: expected text in quotes, got 1",
        ),
        (json.dumps(document(Plan(()), [])), "plan.json#/builds: expected at least one entry, got none"),
    ],
)
def test_what_is_no_plan_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        read(text, name="plan.json")

    assert raised.value.problems[0] == problem


def test_a_platform_that_is_none_is_refused() -> None:
    made = document(Plan((AMD64,)), [])
    made["builds"][0]["inputs"]["platform"] = "nothing"

    with pytest.raises(InputError, match=r"^plan\.json: 2\.0/trixie@amd64: "):
        read(json.dumps(made), name="plan.json")
