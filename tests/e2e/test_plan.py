"""A plan says for itself why each build is needed, on any machine that knows only the checkout and the registry."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello, manifest, put_manifest

pytestmark = pytest.mark.e2e

ALL = ("--arch", "all")
BASE = "library/busybox"
AMD64, S390X = "2.0/slim-trixie@amd64", "2.0/slim-trixie@s390x"


def reasons(family: Hello, *words: str) -> dict[str, str]:
    """What a plan says of each target, by target."""
    plan = json.loads(family.run("plan", *ALL, *words, "--format", "json").stdout)
    return {build["target"]: build["reason"] or build["state"] for build in plan["builds"]}


def move_base(family: Hello, architecture: str) -> tuple[str, str]:
    """Let the base have another manifest for one architecture; returns both digests of it."""
    _, index = manifest(family.registry, BASE, family.name)
    entry = next(entry for entry in index["manifests"] if entry["platform"]["architecture"] == architecture)
    _, image = manifest(family.registry, BASE, entry["digest"])
    image["annotations"] = {"example.moved": family.name}
    before, entry["size"] = entry["digest"], len(json.dumps(image).encode())
    entry["digest"] = put_manifest(family.registry, BASE, f"{family.name}-moved", image)
    put_manifest(family.registry, BASE, family.name, index)
    return before, entry["digest"]


def with_own_base(family: Hello) -> Hello:
    """Let a family stand on a base that no other test moves."""
    family.use_base(f"busybox:{family.name}")
    put_manifest(family.registry, BASE, family.name, manifest(family.registry, BASE, "trixie")[1])
    return family


def test_a_change_of_a_template_is_told_by_its_instruction(hello: NewHello) -> None:
    family: Hello = hello()
    assert reasons(family) == {AMD64: "new"}
    family.run("build")
    assert reasons(family) == {AMD64: "up to date"}

    family.edit('CMD ["hello"]', 'LABEL changed=yes\nCMD ["hello"]')
    family.edit("set -eu\n", "set -euf\n", template="_program.j2")

    assert reasons(family, "--build-arg", "LEVEL=2") == {
        AMD64: "Dockerfile changed: line 10 in COPY --chmod=755 <<'END' /usr/local/bin/hello: set -euf; "
        "Dockerfile changed: line 28 LABEL changed=yes (new); build argument changed: LEVEL (none) -> 2"
    }
    family.run("build")
    record = family.records()[AMD64]
    assert (record["reason"].count("Dockerfile changed: "), reasons(family)) == (2, {AMD64: "up to date"})


def test_a_base_that_moved_for_one_platform_is_told_with_both_digests(hello: NewHello) -> None:
    family = with_own_base(hello(arches=("amd64", "s390x")))
    family.run("build", *ALL)

    before, after = move_base(family, "s390x")

    moved = f"busybox:{family.name} {before} -> {after}"
    assert reasons(family) == {AMD64: "up to date", S390X: f"base moved: {moved}"}
    told = family.run("why", S390X).stdout
    assert f"  bases            changed\n                   {moved}\n" in told
    [entry] = json.loads(family.run("why", S390X, "--format", "json").stdout)["builds"]
    assert (list(entry["before"]["bases"].values()), list(entry["inputs"]["bases"].values())) == ([before], [after])


def test_impact_foretells_what_a_plan_then_says(hello: NewHello) -> None:
    family = with_own_base(hello(arches=("amd64", "s390x")))
    family.run("build", *ALL)
    _, old = manifest(family.registry, BASE, family.name)
    move_base(family, "s390x")
    digest, _ = manifest(family.registry, BASE, family.name)
    put_manifest(family.registry, BASE, family.name, old)

    told = json.loads(family.run("impact", f"busybox:{family.name}", "--digest", digest, "--format", "json").stdout)[
        "builds"
    ]
    move_base(family, "s390x")

    assert {build["target"]: build["effect"] for build in told} == {AMD64: "unchanged", S390X: "built again"}
    assert [target for target, reason in reasons(family).items() if reason != "up to date"] == [S390X]


def test_what_is_gone_from_staging_is_told_apart_from_what_changed(hello: NewHello) -> None:
    family: Hello = hello()
    family.run("build")
    _, index = family.manifest(f"staging/{family.name}/staging-amd64", f"{family.name}-2.0-slim-trixie")
    # As after a clean-up that took the build and left the tag of the last one.
    cleaned = replace(family, name=f"{family.name}c")
    place, pointer = f"staging/{cleaned.name}/staging-amd64", f"{cleaned.name}-2.0-slim-trixie"
    digest = put_manifest(family.registry, place, pointer, {**index, "manifests": []})

    assert reasons(cleaned) == {AMD64: f"missing in staging: the inputs are those of {digest}"}


def test_published_indexes_have_of_staging_only_its_images_with_their_versions(hello: NewHello) -> None:
    family: Hello = hello()

    family.run("build", "--push")
    family.run("publish")

    _, staged = family.manifest(f"staging/{family.name}/staging-amd64", family.staged("amd64")[0])
    for repository in (f"amd64/{family.name}", f"library/{family.name}"):
        _, published = family.manifest(repository, "slim-trixie")
        assert sorted(published) == ["manifests", "mediaType", "schemaVersion"]
        image, *attestations = staged["manifests"]
        version = {"org.opencontainers.image.version": "2.0.1"}
        assert published["manifests"] == [{**image, "annotations": version}, *attestations]


def test_a_plan_is_carried_out_exactly_or_not_at_all(hello: NewHello, tmp_path: Path) -> None:
    family: Hello = with_own_base(hello(arches=("amd64", "s390x")))
    file = str(tmp_path / "plan.json")
    family.run("plan", AMD64, "--build-arg", "LEVEL=2", "-o", file)

    before, after = move_base(family, "amd64")
    stale = family.run("build", "--plan", file, check=False)
    assert (stale.returncode, stale.stdout, family.staged("amd64")) == (21, "", [])
    assert f"{AMD64}: base moved: busybox:{family.name} {before} -> {after}; make the plan again" in stale.stderr

    printed = family.run("plan", AMD64, "--build-arg", "LEVEL=2", "-o", file, "--format", "json").stdout
    assert printed == Path(file).read_text()
    done = json.loads(family.run("build", "--plan", file, "--format", "json").stdout)
    assert [(build["target"], build["result"]) for build in done["builds"]] == [(AMD64, "built")]
    assert family.staged("amd64") == [done["builds"][0]["build_id"]]
    assert reasons(family, "--build-arg", "LEVEL=2")[AMD64] == "up to date"

    family.edit('CMD ["hello"]', 'LABEL changed=yes\nCMD ["hello"]')
    changed = family.run("build", "--plan", file, check=False)
    assert (changed.returncode, f"{AMD64}: Dockerfile changed: line 28 LABEL changed=yes (new)" in changed.stderr) == (
        21,
        True,
    )


def test_only_files_that_can_be_reached_count_and_arrive(hello: NewHello) -> None:
    family: Hello = hello()
    family.edit('CMD ["hello"]', 'COPY conf /etc/hello/\nCMD ["hello"]')
    context = family.root / "dockerfiles" / "2.0" / "slim-trixie"
    (context / "conf").mkdir(parents=True)
    (context / "conf" / "motd").write_text("good morning")
    (context / "conf" / "motd.bak").write_text("an older one")
    (context / ".dockerignore").write_text("**/*.bak\n")
    family.test_by({"name": "conf", "command": ["ls", "-A", "/etc/hello"], "stdout": "motd"})
    family.run("build")

    (context / "conf" / "motd.bak").write_text("another one")
    (context / "notes").write_text("taken by nobody")
    assert reasons(family) == {AMD64: "up to date"}

    (context / "conf" / "motd").write_text("good evening")
    (context / "conf" / "new").touch()
    assert reasons(family) == {AMD64: "context file changed: conf/motd; context file changed: conf/new (new)"}


def test_targets_that_cannot_be_looked_up_are_unknown_and_the_others_are_built(hello: NewHello) -> None:
    family: Hello = hello(variants=("trixie", "slim-trixie"))
    family.configure("bases", {"debian": "registry.invalid/one:{release}", "slim": "busybox:{release}"})

    planned = family.run("plan", *ALL, "--format", "json", check=False)
    built = family.run("build", *ALL, "--format", "json", check=False)
    published = family.run("publish", check=False)

    states: dict[str, Any] = {each["target"]: each["state"] for each in json.loads(planned.stdout)["builds"]}
    outcomes = {each["target"]: (each["result"], each["code"]) for each in json.loads(built.stdout)["builds"]}
    assert (planned.returncode, states) == (13, {AMD64: "needed", "2.0/trixie@amd64": "unknown"})
    assert (built.returncode, outcomes) == (13, {AMD64: ("built", 0), "2.0/trixie@amd64": ("failed", 13)})
    # What is unknown is not taken for absent, and holds its own tags only.
    moved = {tag: family.shared(tag) != ("", None) for tag in ("slim-trixie", "trixie")}
    assert (published.returncode, moved) == (13, {"slim-trixie": True, "trixie": False})


def test_another_checkout_tells_the_same(hello: NewHello, tmp_path: Path) -> None:
    family: Hello = hello()
    family.run("build")
    clone = replace(family, root=tmp_path / "clone")
    family.git("init", "--quiet")
    family.commit("all", at=1_700_000_000)
    family.git("clone", "--quiet", str(family.root), str(clone.root))

    assert reasons(clone) == {AMD64: "up to date"}
    clone.edit('CMD ["hello"]', 'CMD ["hello", "again"]')
    assert reasons(clone) == {AMD64: 'Dockerfile changed: line 28 CMD ["hello", "again"]'}


def test_a_stage_may_run_on_the_builder_and_its_base_is_then_tied_by_its_index(hello: NewHello) -> None:
    family = with_own_base(hello(arches=("s390x",)))
    machine = "od -An -t u1 -j 18 -N 2 /bin/busybox"
    tools = ("FROM --platform=$BUILDPLATFORM {{ base }} AS tools", f"RUN {machine} > /made-on")
    lines = (*tools, "FROM {{ base }}", "COPY --from=tools /made-on /made-on", "")
    family.edit("FROM {{ base }}\n", "\n".join(lines))
    family.test_by(
        {"name": "made on amd64", "command": ["cat", "/made-on"], "stdout": "62   0"},
        {"name": "made for s390x", "command": ["sh", "-c", machine], "stdout": "0  22"},
    )
    digest, _ = manifest(family.registry, BASE, family.name)

    family.run("build", *ALL)

    assert [base["digest"] for base in family.records()[S390X]["bases"]] == [digest]
    move_base(family, "amd64")
    moved, _ = manifest(family.registry, BASE, family.name)
    assert reasons(family) == {S390X: f"base moved: busybox:{family.name} {digest} -> {moved}"}
    told = family.run("impact", f"busybox:{family.name}", "--digest", digest, "--format", "json").stdout
    assert [build["effect"] for build in json.loads(told)["builds"]] == ["built again"]
