"""Publishing for real: several jobs at once, killed ones, older ones, and taking back what a run moved."""

import asyncio
import json
import random
import re
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.configured_registry import configured_registry
from tests.e2e.conftest import ARCHES, NewHello
from tests.e2e.hello import Finished, Hello, manifest
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy

pytestmark = pytest.mark.e2e

ALL = ("--arch", "all")
_RUN = re.compile(r"^run: (\S+),", re.MULTILINE)


def change(family: Hello, name: str) -> None:
    """Make every build of a family another one."""
    family.edit('CMD ["hello"]', f'LABEL change={name}\nCMD ["hello"]')


def run_of(finished: Finished) -> str:
    """The run that publishing says it was."""
    found = _RUN.search(finished.stdout)
    assert found, finished.stdout
    return found[1]


def platforms(index: Any) -> list[str]:
    return [
        "/".join(entry["platform"][key] for key in ("os", "architecture", "variant") if key in entry["platform"])
        for entry in index["manifests"]
        if entry["platform"]["os"] != "unknown"
    ]


def tags_of(family: Hello, repositories: Iterable[str]) -> dict[str, str]:
    """The digest behind each tag of these repositories."""
    return {
        f"{repository}:{tag}": family.manifest(repository, tag)[0]
        for repository in repositories
        for tag in (family.get(f"{repository}/tags/list") or {"tags": []})["tags"]
    }


async def through(family: Hello, proxy: FaultProxy, *words: str) -> Finished:
    """Run the tool with every registry it uses behind a proxy."""
    given = ("--registry", proxy.address, "--mirror", f"docker.io=http://{proxy.address}", *words)
    return await asyncio.to_thread(family.run, *given, check=False)


async def test_a_dry_run_counts_the_writes_that_publishing_then_makes(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"), variants=("trixie", "slim-trixie"))
    family.run("build", *ALL)

    async with FaultProxy(family.registry) as proxy:
        planned = json.loads((await through(family, proxy, "publish", "--dry-run", "--format", "json")).stdout)
        dry = Counter(seen.method for seen in proxy.seen)
        proxy.seen.clear()
        published = await through(family, proxy, "publish")
        sent = Counter(seen.method for seen in proxy.seen)

    writes = {method: count for method, count in sent.items() if method not in {"GET", "HEAD"}}
    assert (published.returncode, planned["requests"]["planned"]) == (0, writes)
    assert planned["requests"]["sent"] == dict(dry)
    assert set(dry) <= {"GET", "HEAD"}


async def test_shared_tags_alone_take_no_right_to_write_elsewhere(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"), variants=("trixie",))
    family.run("build", *ALL)
    shared, journals = f"library/{family.name}", f"staging/{family.name}/journal-{family.name}"

    async with FaultProxy(family.registry) as proxy:
        published = await through(family, proxy, "publish", "--shared-only")
        writes = [seen.path.removeprefix("/v2/") for seen in proxy.requests("POST|PUT|PATCH|DELETE")]

    assert published.returncode == 0
    assert {re.split("/(?:manifests|blobs)/", path)[0] for path in writes} == {shared, journals}
    assert platforms(family.manifest(shared, "latest")[1]) == ["linux/amd64", "linux/s390x"]
    assert tags_of(family, (f"{arch}/{family.name}" for arch in ("amd64", "s390x"))) == {}


def test_a_run_is_taken_back_as_a_whole_and_taking_back_is_a_run_too(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    repositories = [f"{namespace}/{family.name}" for namespace in ("amd64", "s390x", "library")]
    family.run("build", *ALL)
    family.run("publish", "--by", "first job")
    first = tags_of(family, repositories)
    change(family, "bad")
    family.run("build", *ALL)
    bad = run_of(family.run("publish", "--by", "second job"))
    second = tags_of(family, repositories)
    assert set(first) == set(second)
    assert not set(first.values()) & set(second.values())

    dry = family.run("rollback", bad, "--dry-run")
    assert (dry.stdout.splitlines()[-1], tags_of(family, repositories)) == (f"tags: {len(first)} would restore", second)
    back = family.run("rollback", bad, "--by", "somebody")
    assert (back.stdout.splitlines()[-1], tags_of(family, repositories)) == (f"tags: {len(first)} restored", first)

    history = json.loads(family.run("history", "slim-trixie", "--format", "json").stdout)
    assert [(entry["verb"], entry["by"], entry["digest"]) for entry in history["history"]] == [
        ("rollback", "somebody", first[f"library/{family.name}:slim-trixie"]),
        ("publish", "second job", second[f"library/{family.name}:slim-trixie"]),
        ("publish", "first job", first[f"library/{family.name}:slim-trixie"]),
    ]
    assert history["now"] == first[f"library/{family.name}:slim-trixie"]
    again = family.run("rollback", bad)
    assert again.stdout == f"tags: {len(first)} unchanged\n"
    family.run("rollback", history["history"][0]["run"])
    assert tags_of(family, repositories) == second


def test_what_was_moved_since_is_left_alone(hello: NewHello) -> None:
    family: Hello = hello()
    runs: list[str] = []
    for name in ("one", "two"):
        change(family, name)
        family.run("build")
        runs.append(run_of(family.run("publish")))
    now = family.shared()

    new = family.run("rollback", runs[0], check=False)

    assert (new.returncode, family.shared()) == (21, now)
    assert "moved since" in new.stdout


def test_an_older_checkout_does_not_overtake_a_newer_one(hello: NewHello) -> None:
    family: Hello = hello()
    family.git("init", "--quiet")
    (family.root / ".gitignore").write_text("out/\n")
    for time, name in ((1_700_000_000, "old"), (1_700_086_400, "new")):
        change(family, name)
        family.run("render")
        family.commit(name, at=time)
        family.run("build")
        if name == "old":
            family.git("branch", "old")
    family.run("publish")
    new = family.shared()
    family.git("checkout", "--quiet", "old")

    refused = family.run("publish", check=False)

    assert (refused.returncode, family.shared()) == (21, new)
    assert (
        "a checkout of 2023-11-15 22:13:20 UTC published what it names, and this checkout is of 2023-11-14 22:13:20 UTC"
    ) in refused.stdout
    family.run("publish", "--allow-older")
    assert family.shared()[0] not in {"", new[0]}


def test_jobs_that_end_at_once_leave_nobody_out(hello: NewHello) -> None:
    family: Hello = hello(arches=ARCHES)
    repositories = [f"{arch}/{family.name}" for arch in ARCHES]

    for number in range(3):
        change(family, f"n{number}")
        # One job builds them all, so that what happens at once is what is tried here.
        family.run("build", *ALL)
        jobs = [family.start("publish") for _ in range(4)] + [
            family.start("publish", "--arch", arch) for arch in ARCHES
        ]
        said = [_ended(job) for job in jobs]

        assert said == [""] * len(jobs)
        assert platforms(family.shared()[1]) == ["linux/amd64", "linux/arm64/v8", "linux/s390x"]
        assert family.run("publish").stdout == "tags: 16 unchanged\n"
        assert len(set(tags_of(family, repositories).values())) == len(ARCHES)


def test_killed_jobs_leave_old_or_new_tags_and_running_again_completes_them(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    repositories = [f"{namespace}/{family.name}" for namespace in ("amd64", "s390x", "library")]
    family.run("build", *ALL)
    family.run("publish")
    chance = random.Random(7)

    for number in range(4):
        before = tags_of(family, repositories)
        change(family, f"n{number}")
        family.run("build", *ALL)
        job = family.start("publish")
        try:
            job.wait(timeout=0.6 + chance.random())
        except subprocess.TimeoutExpired:
            job.kill()
        job.communicate()
        meanwhile = tags_of(family, repositories)
        family.run("publish")
        after = tags_of(family, repositories)

        assert set(meanwhile) == set(before) == set(after)
        assert all(digest in {before[tag], after[tag]} for tag, digest in meanwhile.items())
        assert not set(before.values()) & set(after.values())
        undone = family.run("rollback", _last_run(family, verb="publish"))
        assert "restored" in undone.stdout or "unchanged" in undone.stdout
        family.run("publish")


def _last_run(family: Hello, *, verb: str) -> str:
    runs = json.loads(family.run("history", "--format", "json").stdout)["runs"]
    return next(str(run["run"]) for run in runs if run["verb"] == verb)


async def test_answers_that_are_lost_after_a_tag_moved_are_asked_for_again(hello: NewHello) -> None:
    family: Hello = hello()
    family.run("build")

    async with FaultProxy(family.registry) as proxy:
        tags = rf"/library/{family.name}/manifests/(?!sha256)"
        proxy.rules = [Rule(method="PUT", path=tags, reset_after=True, times=3)]
        finished = await through(family, proxy, "publish")
        puts = Counter(seen.path for seen in proxy.seen if seen.method == "PUT" and re.search(tags, seen.path))

    assert (finished.returncode, set(puts.values())) == (0, {1})


async def published_twice(family: Hello, address: str) -> str:
    """Publish two states of a family to a registry, one after the other; the second run."""
    for name in ("one", "two"):
        change(family, name)
        await asyncio.to_thread(family.run, "--registry", address, "build")
        finished = await asyncio.to_thread(family.run, "--registry", address, "publish")
    return run_of(finished)


async def clean_up(folder: Path) -> None:
    """Let a registry clear away what no tag names."""
    command = ("docker-registry", "garbage-collect", "-m", str(folder / "config.yml"))
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)


async def test_what_tags_once_named_outlives_a_clean_up_where_it_is_kept(hello: NewHello, tmp_path: Path) -> None:
    family: Hello = hello()
    family.configure("keep_alive", True)
    async with configured_registry(tmp_path) as address:
        run = await published_twice(family, address)
        await clean_up(tmp_path)

        await asyncio.to_thread(family.run, "--registry", address, "rollback", run)

        _, index = manifest(address, f"library/{family.name}", "slim-trixie")
        children = [manifest(address, f"library/{family.name}", child["digest"])[0] for child in index["manifests"]]
        assert children == [child["digest"] for child in index["manifests"]]


async def test_what_is_staged_outlives_a_clean_up_where_it_is_kept(hello: NewHello, tmp_path: Path) -> None:
    family: Hello = hello()
    family.configure("keep_alive", True)
    async with configured_registry(tmp_path) as address:
        given, place = ("--registry", address), f"{address}/staging/{family.name}/staging-amd64"
        await asyncio.to_thread(family.run, *given, "build")
        build_id = family.records()["2.0/slim-trixie@amd64"]["build_id"]

        await clean_up(tmp_path)

        verified = await asyncio.to_thread(family.run, *given, "verify", "--deep", f"{place}:{build_id}")
        published = await asyncio.to_thread(family.run, *given, "publish")
    assert (": whole\n" in verified.stdout, "tags: 8 moved\n" in published.stdout) == (True, True)


async def test_a_run_whose_past_was_cleaned_away_says_so_and_moves_nothing(hello: NewHello, tmp_path: Path) -> None:
    family: Hello = hello()
    async with configured_registry(tmp_path) as address:
        run = await published_twice(family, address)
        now = manifest(address, f"library/{family.name}", "slim-trixie")
        await clean_up(tmp_path)

        gone = await asyncio.to_thread(family.run, "--registry", address, "rollback", run, check=False)

        assert (gone.returncode, manifest(address, f"library/{family.name}", "slim-trixie")) == (12, now)
        assert "is no more whole in the registry; `keep_alive` in orchestrator.yaml keeps such" in gone.stdout


async def test_an_image_that_was_deleted_below_a_tag_is_brought_back(hello: NewHello, tmp_path: Path) -> None:
    family: Hello = hello()
    async with configured_registry(tmp_path, storage={"delete": {"enabled": True}}) as address:
        given, place = ("--registry", address), f"library/{family.name}"
        await asyncio.to_thread(family.run, *given, "build")
        await asyncio.to_thread(family.run, *given, "publish")
        lost = manifest(address, place, "slim-trixie")[1]["manifests"][0]["digest"]
        delete = urllib.request.Request(f"http://{address}/v2/{place}/manifests/{lost}", method="DELETE")
        await asyncio.to_thread(lambda: urllib.request.urlopen(delete, timeout=30).close())
        assert manifest(address, place, lost) == ("", None)

        finished = await asyncio.to_thread(family.run, *given, "publish", "--repair")

        assert (finished.stdout.splitlines()[-1], manifest(address, place, lost)[0]) == (
            "tags: 4 repaired, 4 unchanged",
            lost,
        )


def _ended(job: subprocess.Popen[str]) -> str:
    """What a job said that failed; empty when it did not."""
    stdout, stderr = job.communicate(timeout=120)
    return "" if job.returncode == 0 else stdout + stderr
