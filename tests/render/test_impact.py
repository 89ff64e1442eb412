from orchestrator.model.plan.impact import Impact, Standing
from orchestrator.render.impact import impact_document, impacts_text, standing_text
from tests.samples import BASE, target

AMD64, S390X = target("2.0/trixie@amd64"), target("2.0/trixie@s390x")
OPEN = target("1.0/trixie@amd64").facts
OLD, NEW = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
STANDING = (Standing(AMD64.facts, ("build", "1")), Standing(OPEN, ("0",)))
ARCHES = {AMD64.facts: ("amd64", "s390x"), OPEN: None}


def test_what_stands_on_a_base_is_listed_with_its_stages() -> None:
    assert standing_text(BASE, STANDING[:1], ARCHES) == (
        "TARGET      ARCHITECTURES  STAGES\n"
        "2.0/trixie  amd64 s390x    build 1\n"
        "busybox:trixie is below 1 target: when it moves, 2 builds will be needed\n"
    )


def test_what_stands_on_a_base_through_parents_names_them() -> None:
    through = Standing(AMD64.facts, (), ("1.0/trixie", "1.0/slim-trixie"))
    both = Standing(OPEN, ("build",), ("2.0/trixie",))

    assert standing_text(BASE, (through, both), ARCHES).splitlines()[1:3] == [
        "2.0/trixie  amd64 s390x        through 1.0/trixie, 1.0/slim-trixie",
        "1.0/trixie  those of its base  build; through 2.0/trixie",
    ]


def test_open_architectures_are_not_counted_but_told() -> None:
    assert standing_text(BASE, STANDING, ARCHES).splitlines()[2:] == [
        "1.0/trixie  those of its base  0",
        "busybox:trixie is below 2 targets: when it moves, 2 builds and those of open architectures will be needed",
    ]


def test_what_becomes_of_builds_is_told_with_both_digests() -> None:
    found = (Impact(AMD64, OLD, OLD), Impact(S390X, OLD, NEW), Impact(S390X, OLD, ""))

    assert impacts_text(BASE, found) == (
        "TARGET            THEN                BASE NOW             BASE THEN\n"
        f"2.0/trixie@amd64  unchanged           {OLD[:19]}  {OLD[:19]}\n"
        f"2.0/trixie@s390x  built again         {OLD[:19]}  {NEW[:19]}\n"
        f"2.0/trixie@s390x  no longer possible  {OLD[:19]}  -\n"
        "busybox:trixie: 1 built again, 1 no longer possible, 1 unchanged\n"
    )


def test_json_has_no_builds_where_no_digest_was_asked_about() -> None:
    assert impact_document(BASE, STANDING, ARCHES, None) == {
        "schema": 1,
        "exit_code": 0,
        "base": "docker.io/library/busybox:trixie",
        "targets": [
            {"target": "2.0/trixie", "architectures": ["amd64", "s390x"], "stages": ["build", "1"], "through": []},
            {"target": "1.0/trixie", "architectures": None, "stages": ["0"], "through": []},
        ],
        "builds": None,
    }
    assert impact_document(BASE, STANDING, ARCHES, [Impact(S390X, OLD, "")])["builds"] == [
        {"target": "2.0/trixie@s390x", "effect": "no longer possible", "before": OLD, "after": None}
    ]
