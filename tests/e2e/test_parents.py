"""A family in which one image stands on another: planned, built and published in that order, and rebuilt together."""

import json
import secrets
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello
from tests.e2e.test_interruption import end, wait_until
from tests.e2e.test_plan import move_base, reasons, with_own_base

pytestmark = pytest.mark.e2e

ALL = ("--arch", "all")
ARCHES = ("amd64", "s390x")
PARENT, CHILD = "2.0/trixie", "2.0/slim-trixie"


@pytest.fixture
def family(hello: NewHello) -> Hello:
    """The slim variant stands on the other one, takes a file from it, and has its architectures from it."""
    made = with_own_base(hello(arches=ARCHES, variants=("trixie", "slim-trixie")))
    made.configure("bases", {"debian": f"busybox:{made.name}", "slim": f"{made.name}:{{line}}-{{release}}"})
    made.configure("architectures", {"debian": list(ARCHES)})
    lines = (
        f"FROM {made.name}:latest AS other",
        "FROM {{ base }}",
        "COPY --from=other /usr/local/share/hello/greetings /etc/greetings",
        "RUN hello && wc -l /etc/greetings",
        'CMD ["hello"]',
        "",
    )
    (made.root / "templates" / "dockerfile" / "slim.j2").write_text("\n".join(lines))
    return made


def results(family: Hello, *words: str) -> dict[str, tuple[str, int]]:
    """What became of each target, with its exit code."""
    done = json.loads(family.run("build", *words, "--format", "json", check=False).stdout)
    return {build["target"]: (build["result"], build["code"]) for build in done["builds"]}


def build_id(family: Hello, target: str) -> str:
    """The build ID that a target has now."""
    [*_, build] = json.loads(family.run("plan", target, "--format", "json").stdout)["builds"]
    return str(build["build_id"])


def everywhere(**of: Any) -> dict[str, Any]:
    """The same of both targets on every arch."""
    return {f"{name}@{arch}": of[key] for key, name in (("parent", PARENT), ("child", CHILD)) for arch in ARCHES}


def materials(family: Hello, arch: str, build_id: str) -> dict[str, str]:
    """What the provenance of a staged build says that it was made from, by URI without its parameters."""
    place = f"staging/{family.name}/staging-{arch}"
    _, index = family.manifest(place, build_id)
    [attestation] = [each for each in index["manifests"] if each["platform"]["os"] == "unknown"]
    _, document = family.manifest(place, attestation["digest"])
    provenance = family.get(f"{place}/blobs/{document['layers'][0]['digest']}")
    return {each["uri"].partition("?")[0]: each["digest"]["sha256"] for each in provenance["predicate"]["materials"]}


def test_a_family_is_built_and_published_in_its_order_and_then_there_is_nothing_to_do(family: Hello) -> None:
    built = everywhere(parent=("built", 0), child=("built", 0))

    assert results(family, *ALL) == built

    for arch in ARCHES:
        record = family.records()[f"{CHILD}@{arch}"]
        parent = family.records()[f"{PARENT}@{arch}"]["digest"]
        assert {base["digest"] for base in record["bases"]} == {parent}
        place = f"pkg:docker/{family.registry.replace(':', '%3A')}/staging/{family.name}/staging-{arch}"
        assert materials(family, arch, record["build_id"]) == {place: parent.removeprefix("sha256:")}
    family.run("publish")
    assert len(family.shared("slim")[1]["manifests"]) == 2 * len(ARCHES)
    assert family.run("build", *ALL).stdout == "nothing to do: 4 builds are up to date\n"
    assert "moved" not in family.run("publish").stdout


def test_a_moved_base_of_the_parent_rebuilds_both_on_its_architecture_alone(family: Hello) -> None:
    family.run("build", *ALL)
    old = family.records()[f"{PARENT}@s390x"]["build_id"]

    before, after = move_base(family, "s390x")

    told = reasons(family)
    new = build_id(family, f"{PARENT}@s390x")
    assert told[f"{PARENT}@s390x"] == f"base moved: busybox:{family.name} {before} -> {after}"
    assert told[f"{CHILD}@s390x"] == "; ".join(
        f"parent changed: {family.name}:{tag} build:{old} -> build:{new}" for tag in ("2.0-trixie", "latest")
    )
    assert {told[f"{name}@amd64"] for name in (PARENT, CHILD)} == {"up to date"}
    impact = json.loads(family.run("impact", f"busybox:{family.name}", "--format", "json").stdout)
    assert {each["target"]: each["through"] for each in impact["targets"]} == {PARENT: [], CHILD: [PARENT]}
    assert [target for target, (result, _) in results(family, *ALL).items() if result == "built"] == [
        f"{PARENT}@s390x",
        f"{CHILD}@s390x",
    ]


def test_a_parent_comes_along_and_what_changed_of_it_makes_a_plan_stale(family: Hello, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    plan = json.loads(family.run("plan", f"{CHILD}@amd64", "--format", "json", "-o", file).stdout)

    assert [(each["target"], each["needed_by"], each["blocks"]) for each in plan["builds"]] == [
        (f"{PARENT}@amd64", [f"{CHILD}@amd64"], [f"{CHILD}@amd64"]),
        (f"{CHILD}@amd64", [], []),
    ]
    family.edit('CMD ["hello"]', 'LABEL changed=yes\nCMD ["hello"]', template="debian.j2")
    stale = family.run("build", "--plan", file, check=False)
    assert (stale.returncode, family.staged("amd64")) == (21, [])
    assert f"{CHILD}@amd64: parent changed: {family.name}:2.0-trixie build:" in stale.stderr

    family.run("plan", f"{CHILD}@amd64", "-o", file)
    assert results(family, "--plan", file, "--push") == {
        f"{PARENT}@amd64": ("built", 0),
        f"{CHILD}@amd64": ("built", 0),
    }
    # Only what was asked for is published.
    tags = family.get(f"amd64/{family.name}/tags/list")["tags"]
    assert all("slim" in tag for tag in tags)
    assert list(reasons(family, f"{CHILD}@amd64").values()) == ["up to date"]


def test_what_stands_on_a_failed_build_is_blocked_and_the_others_go_on(family: Hello) -> None:
    family.edit('CMD ["hello"]', 'RUN hello | grep -v s390x\nCMD ["hello"]', template="debian.j2")

    finished = family.run("build", *ALL, check=False)

    cause = f"blocked by {PARENT}@s390x: failed"
    assert finished.returncode == 10
    assert f"{CHILD}@s390x: {cause}\n" in finished.stdout
    assert "builds: 1 blocked, 2 built, 1 failed\n" in finished.stdout
    record = family.records()[f"{CHILD}@s390x"]
    assert (record["result"], record["exit_code"], record["detail"]) == ("blocked", 12, cause)
    events = [json.loads(line) for line in (family.root / "out" / "events.jsonl").read_text().splitlines()]
    [event] = [each for each in events if each["event"] == "finished" and each["target"] == f"{CHILD}@s390x"]
    assert (event["result"], event["exit_code"], event["detail"]) == ("blocked", 12, cause)

    family.edit("RUN hello | grep -v s390x\n", "", template="debian.j2")
    assert results(family, "--arch", "s390x") == {
        f"{PARENT}@s390x": ("built", 0),
        f"{CHILD}@s390x": ("built", 0),
    }


def test_what_cannot_be_looked_up_of_a_parent_makes_its_children_unknown(family: Hello) -> None:
    family.offer(arches=("amd64",), variants=("trixie", "slim-trixie", "bookworm"))
    bases = {"trixie": "registry.invalid/one:1", "debian": f"busybox:{family.name}"}
    family.configure("bases", {**bases, "slim": f"{family.name}:{{line}}-trixie"})

    planned = json.loads(family.run("plan", "--format", "json", check=False).stdout)
    done = results(family)

    other = "2.0/bookworm@amd64"
    assert {each["target"]: each["state"] for each in planned["builds"]} == {
        other: "needed",
        f"{PARENT}@amd64": "unknown",
        f"{CHILD}@amd64": "unknown",
    }
    assert done == {other: ("built", 0), f"{PARENT}@amd64": ("failed", 13), f"{CHILD}@amd64": ("blocked", 12)}


def test_an_interrupted_run_goes_on_where_it_was(family: Hello) -> None:
    script = f"RUN : {secrets.token_hex(8)}; echo now $((6 * 7)); sleep 4"
    family.edit('CMD ["hello"]', f'{script}\nCMD ["hello"]', template="debian.j2")
    running = family.start("build")
    log = family.root / "out" / "logs" / f"{PARENT}@amd64.log"
    wait_until(lambda: log.exists() and "now 42" in log.read_text(), process=running)

    code, _, _ = end(running, signal.SIGINT)

    assert (code, family.processes, family.left, family.staged("amd64")) == (130, [], [], [])
    assert list(family.records()) == [f"{PARENT}@amd64"]
    assert results(family) == {f"{PARENT}@amd64": ("built", 0), f"{CHILD}@amd64": ("built", 0)}


def test_a_cycle_is_shown_and_nothing_is_done(family: Hello) -> None:
    family.configure("bases", {"debian": f"{family.name}:{{line}}-slim", "slim": f"{family.name}:{{line}}-{{release}}"})

    finished = family.run("build", "--arch", "amd64", check=False)

    assert (finished.returncode, finished.stdout) == (2, "")
    assert f"its own parent: {PARENT}@amd64 -> {CHILD}@amd64 -> {PARENT}@amd64; " in finished.stderr
