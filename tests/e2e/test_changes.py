"""What is built again after a change, and what publishing then does."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello, manifest, put_manifest

pytestmark = pytest.mark.e2e

ALL = ("--arch", "all")
BASE = "library/busybox"


def results(hello: Hello, *words: str) -> dict[str, str]:
    """What a build says of each target, by target."""
    document = json.loads(hello.run("build", *words, "--format", "json", check=False).stdout)
    return {build["target"]: build["result"] for build in document["builds"]}


def test_a_change_of_a_template_builds_only_what_it_touches(hello: NewHello) -> None:
    family: Hello = hello(variants=("trixie", "slim-trixie"))
    family.run("build")
    family.edit('CMD ["hello"]', 'LABEL changed=yes\nCMD ["hello"]')

    first, second = results(family), results(family)

    assert first == {"2.0/trixie@amd64": "up to date", "2.0/slim-trixie@amd64": "built"}
    assert set(second.values()) == {"up to date"}


def test_a_change_that_changes_no_dockerfile_builds_nothing(hello: NewHello) -> None:
    family: Hello = hello()
    family.run("build")
    family.edit('CMD ["hello"]', '{# a remark #}CMD ["hello"]')

    assert results(family) == {"2.0/slim-trixie@amd64": "up to date"}


def test_a_base_that_moved_builds_exactly_its_architecture(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    family.use_base(f"busybox:{family.name}")
    _, index = manifest(family.registry, BASE, "trixie")
    put_manifest(family.registry, BASE, family.name, index)
    family.run("build", *ALL)
    position = [entry["platform"]["architecture"] for entry in index["manifests"]].index("s390x")
    index["manifests"][position] |= _moved(family.registry, index["manifests"][position]["digest"])
    put_manifest(family.registry, BASE, family.name, index)

    plan = json.loads(family.run("plan", *ALL, "--format", "json").stdout)
    built = results(family, *ALL)

    assert [(build["target"], build["state"]) for build in plan["builds"]] == [
        ("2.0/slim-trixie@amd64", "up to date"),
        ("2.0/slim-trixie@s390x", "needed"),
    ]
    assert built == {"2.0/slim-trixie@amd64": "up to date", "2.0/slim-trixie@s390x": "built"}


def _moved(registry: str, digest: str) -> dict[str, Any]:
    """The same image of the base under another digest."""
    _, image = manifest(registry, BASE, digest)
    image["annotations"] = {"example.moved": "yes"}
    moved = put_manifest(registry, BASE, "moved", image)
    return {"digest": moved, "size": len(json.dumps(image).encode())}


def test_a_tag_moves_only_as_a_whole_and_never_shrinks_by_itself(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    family.run("build", *ALL)
    family.run("publish")
    before = family.shared()
    assert before[0]

    # One architecture is missing: nothing moves but the other's own tags.
    family.edit('CMD ["hello"]', 'LABEL changed=yes\nCMD ["hello"]')
    family.run("build", "--arch", "amd64")
    held = family.run("publish", check=False)
    assert (held.returncode, family.shared()) == (12, before)
    assert "not staged: 2.0/slim-trixie@s390x" in held.stdout
    assert family.document("publish.json")["exit_code"] == 12

    # The configuration gives it up: that is no licence to take it from users.
    family.offer(arches=("amd64",))
    refused = family.run("publish", check=False)
    assert (refused.returncode, family.shared()) == (20, before)
    assert "it would lose linux/s390x; build them, or allow it by --allow-drop" in refused.stdout
    dry = family.run("publish", "--dry-run", "--allow-drop", "linux/s390x")
    assert "tags: 4 unchanged, 4 would move" in dry.stdout
    assert family.shared() == before

    allowed = family.run("publish", "--allow-drop", "linux/s390x")
    _, after = family.shared()
    architectures = {entry["platform"]["architecture"] for entry in after["manifests"]}
    assert (allowed.returncode, architectures) == (0, {"amd64", "unknown"})


def test_pushing_moves_the_tags_of_the_architectures_own_repository(hello: NewHello) -> None:
    family: Hello = hello()

    family.run("build", "--push")

    digest, index = family.manifest(f"amd64/{family.name}", "slim-trixie")
    record = family.records()["2.0/slim-trixie@amd64"]
    # What staging notes of a build's inputs stays there.
    assert digest != record["digest"]
    assert index["manifests"][0]["digest"] == record["image_digest"]
    assert family.shared() == ("", None)


def test_a_commit_that_changes_nothing_builds_nothing_and_dates_do_not_leak(hello: NewHello, tmp_path: Path) -> None:
    """The time in an image is that of the last commit of its Dockerfile, wherever and whenever it is built."""
    family: Hello = hello()
    family.run("render")
    family.git("init", "--quiet")
    family.commit("first", at=1_700_000_000)
    family.run("build")
    (family.root / "remark").touch()
    family.commit("second", at=1_750_000_000)

    assert results(family) == {"2.0/slim-trixie@amd64": "up to date"}
    assert family.created("amd64") == "2023-11-14T22:13:20Z"
