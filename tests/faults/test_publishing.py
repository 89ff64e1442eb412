"""What goes wrong between publishing and a registry: tags stay what they were or become what they should be."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.errors import ExitCode
from orchestrator.model.oci import digest_of
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.moves import Move, Rules
from orchestrator.model.tags import Tags
from orchestrator.tools import staging
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.kept import Kept
from tests.fault_rules import Allowance, Rule
from tests.faultproxy import FaultProxy
from tests.faults.family import Family, Job
from tests.faults.rows import case
from tests.faults.scene import NEW, OLD, WRITES, Scene, discreet
from tests.pushing import ANYBODY, IMPATIENT, client, index, push

pytestmark = pytest.mark.integration

TAG = "/manifests/(?!sha256)"
SHARED_TAG = f"/library/.*{TAG}"
SHARED_DIGEST = "/library/.*/manifests/sha256"
JOBS = 4
ROUNDS = 3
TAGS = 12


@pytest.fixture
def family(registry: str, request: pytest.FixtureRequest) -> Family:
    """A family with repositories of its own."""
    return Family(registry, f"faults-{digest_of(request.node.nodeid.encode())[7:19]}")


@pytest_asyncio.fixture
async def scene(registry: str, family: Family) -> AsyncIterator[Scene]:
    """A scene that is checked when the row is over."""
    async with FaultProxy(registry) as proxy:
        scene = await Scene.prepared(family, proxy)
        with discreet():
            yield scene
            await scene.check()


def most_puts(scene: Scene, path: str) -> int:
    """How often the most written of these places was written."""
    return max(Counter(put.path for put in scene.proxy.requests("PUT", path)).values())


@pytest.mark.parametrize(
    "rule",
    [
        case("W9", Rule(method="PUT", path=TAG, reset_after=True, times=5)),
        case("W10", Rule(method="PUT", path=TAG, hang_after=True, times=2)),
    ],
)
async def test_a_tag_that_moved_without_an_answer_is_not_moved_again(scene: Scene, rule: Rule) -> None:
    ended = await scene.publish([rule], policy=replace(IMPATIENT, answer_seconds=0.3))

    # The journal is written twice, whatever goes wrong.
    assert (ended, most_puts(scene, f"/(library|amd64|arm64v8)/.*{TAG}")) == (ExitCode.DONE, 1)


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        case("W23", Rule(method="PUT", path=SHARED_DIGEST, status=201, body=""), SHARED_TAG, note="an index"),
        case("W23", Rule(method="PUT", path="/manifests/sha256", status=201, body=""), TAG, note="anything"),
        case("W24", Rule(method="PUT", path=SHARED_DIGEST, absent=1000), SHARED_TAG, note="for ever"),
    ],
)
async def test_what_is_not_there_after_it_was_accepted_keeps_its_tags(scene: Scene, rule: Rule, places: str) -> None:
    ended = await scene.publish([rule])

    assert (ended, scene.proxy.requests("PUT", places)) == (ExitCode.CONTRACT_BROKEN, [])


@pytest.mark.row("W23")
async def test_a_tag_that_does_not_move_though_the_registry_says_so_is_no_success(scene: Scene) -> None:
    ended = await scene.publish([Rule(method="PUT", path="/library/.*/manifests/latest", status=201, body="")])

    [run] = scene.runs
    failed = {moved.tag.path: moved.tag.tag for moved in run.moved if moved.move is Move.FAILED}
    assert (ended, failed) == (ExitCode.CONTRACT_BROKEN, {scene.family.shared.path: "latest"})


@pytest.mark.parametrize(
    "rule",
    [
        case("W24", Rule(method="PUT", path="/manifests/", absent=3)),
        case("W25", Rule(method="PUT", path=TAG, stale=3)),
    ],
)
async def test_what_shows_late_is_waited_for_and_not_written_again(scene: Scene, rule: Rule) -> None:
    ended = await scene.publish([rule])

    assert (ended, most_puts(scene, f"/(library|amd64|arm64v8)/.*{TAG}")) == (ExitCode.DONE, 1)


@pytest.mark.parametrize(
    "place",
    [
        case("C1", "/manifests/sha256", note="images and indexes"),
        case("C1", "/journal-.*/manifests/", note="journal"),
        case("C1", TAG, note="tags"),
    ],
)
async def test_parts_that_other_jobs_bring_too_and_are_not_seen_for_a_moment_are_waited_for(
    scene: Scene, place: str
) -> None:
    unseen = '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}'

    ended = await scene.publish([Rule(method="PUT", path=place, status=400, body=unseen, times=3)])

    assert ended is ExitCode.DONE


@pytest.mark.row("C3")
async def test_jobs_that_publish_at_once_through_a_registry_in_a_bad_mood_end_with_whole_tags(scene: Scene) -> None:
    rules = [
        Rule(method="PUT", path="/manifests/", status=429, chance=0.3),
        Rule(method="PUT", path=TAG, stale=2, chance=0.5),
        Rule(method="PUT", path=TAG, absent=2, chance=0.5),
    ]
    scene.proxy.rules = rules

    async def job() -> ExitCode:
        async with scene.client() as through:
            return (await scene.family.run(Job(through, scene.proxy.address, NEW))).code

    ended = await asyncio.gather(*(job() for _ in range(JOBS)))

    written = Counter(put.path for put in scene.proxy.requests("PUT", SHARED_TAG) if put.status == 201)
    assert (set(ended), max(written.values()) <= 3 * JOBS) == ({ExitCode.DONE}, True)


@pytest.mark.row("C4")
async def test_an_older_job_does_not_take_tags_from_a_newer_one(scene: Scene) -> None:
    assert await scene.publish(generation=2_000) is ExitCode.DONE
    newer = await scene.family.live()

    ended = await scene.publish(change=OLD, generation=1_000)

    assert (ended, await scene.family.live()) == (ExitCode.TAG_MOVED, newer)
    assert newer == scene.family.expected(NEW, generation=2_000)
    scene.new = newer


@pytest.mark.row("C4")
async def test_where_a_registry_checks_writes_the_newer_of_two_jobs_at_once_always_wins(scene: Scene) -> None:
    scene.proxy.conditional_writes = True
    for number in range(ROUNDS):
        times = {f"older {number}": 2 * number, f"newer {number}": 2 * number + 1}
        await asyncio.gather(*map(scene.family.stage, times))

        await asyncio.gather(*(scene.publish(change=change, generation=time) for change, time in times.items()))

        now = await scene.family.live()
        assert now == scene.family.expected(f"newer {number}", generation=times[f"newer {number}"])
    assert await scene.publish(generation=2 * ROUNDS) is ExitCode.DONE
    scene.new = await scene.family.live()


@pytest.mark.row("C5")
async def test_of_one_build_on_two_agents_all_tags_name_one(scene: Scene) -> None:
    family, change = scene.family, "twice"
    await family.stage(change, *family.arches[1:])
    arch = family.arches[0]
    build, several = family.build(arch, change), [family.image(arch, word) for word in ("one", "other")]
    indexes = [assemble([Member(arch, one.manifest.descriptor(platform=one.platform))]) for one in several]

    async def agent(number: int) -> ExitCode:
        async with client() as registry:
            await push(registry, build.staging.repository.at(several[number].manifest.digest), several[number])
            await registry.put_document(build.staging.repository.at(indexes[number].digest), indexes[number])
            await staging.tag(build, indexes[number], registry)
        return await scene.publish(change=change)

    ended = await asyncio.gather(agent(0), agent(1))
    later = await agent(1)

    async with client() as direct:
        staged = await direct.document(build.staging)
    assert ({*ended, later}, staged in indexes) == ({ExitCode.DONE}, True)
    assert staged is not None
    now = await family.live()
    named = {child.digest for document in now.values() for child in document.children}
    assert named & {one.manifest.digest for one in several} == {staged.children[0].digest}
    scene.old = now


@pytest.mark.row("C6")
async def test_a_missing_build_keeps_shared_tags_and_its_own_and_nobody_elses(scene: Scene) -> None:
    family = scene.family
    await family.stage("half", family.arches[0])

    ended = await scene.publish(change="half")

    moved, half = await family.live(), family.expected("half")
    own = family.repositories().arch(family.arches[0])
    assert ended is ExitCode.INCOMPLETE
    assert moved == {tag: (half if tag.repository == own else scene.old)[tag] for tag in scene.old}
    scene.old = moved


@pytest.mark.row("C6")
async def test_a_platform_that_is_given_up_keeps_the_tag_until_that_is_allowed(registry: str, family: Family) -> None:
    family = replace(family, tags=Tags(simple=("1.0-trixie",), shared=("latest",)))
    fewer = replace(family, arches=family.arches[:1])
    async with FaultProxy(registry) as proxy:
        scene = await Scene.prepared(family, proxy)
        later = Scene(fewer, proxy, fewer.expected(OLD), fewer.expected(NEW))

        ended = await later.publish()

        detail = "it would lose linux/arm64/v8; build them, or allow it by --allow-drop"
        shared = {tag: document for tag, document in scene.old.items() if tag.repository == family.shared}
        assert ended is ExitCode.PUBLISH_REFUSED
        assert {moved.tag: moved.detail for moved in later.runs[0].moved if moved.move is Move.REFUSED} == {
            replace(tag, registry=proxy.address): detail for tag in shared
        }
        assert (await family.live()).items() >= shared.items()
        allowed = Rules(allow_drop=frozenset({"linux/arm64", "linux/arm64/v8"}))
        assert await later.publish(rules=allowed) is ExitCode.DONE
        assert await fewer.live() == later.new


@pytest.mark.row("C12")
async def test_what_an_earlier_version_published_is_as_good_and_is_moved_on(scene: Scene) -> None:
    family = scene.family
    images = [family.image(arch, OLD) for arch in family.arches]
    async with client() as direct:
        for tag in family.tags.all:
            await direct.put_document(family.shared.tagged(tag), index(images))
    bare = await family.live()

    ended = await scene.publish(change=OLD, generation=1_000)

    assert (ended, scene.proxy.requests(WRITES), await family.live()) == (ExitCode.DONE, [], bare)
    scene.old = bare


def _spoiled(folder: Path) -> None:
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        file.write_bytes(file.read_bytes()[::-1])


@pytest.mark.parametrize("harm", [case("C14", shutil.rmtree, note="deleted"), case("C14", _spoiled, note="spoiled")])
async def test_publishing_does_not_hang_on_what_was_kept(
    scene: Scene, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    ended = []
    for change in (OLD, NEW, NEW):
        async with Registry(credentials=ANYBODY, policy=IMPATIENT, kept=Kept(tmp_path / "kept")) as through:
            ended.append((await scene.family.run(Job(through, scene.proxy.address, change))).code)
        await asyncio.to_thread(harm, tmp_path / "kept")

    assert (ended, await scene.family.live()) == ([ExitCode.DONE] * 3, scene.new)


@pytest.mark.row("C15")
async def test_nothing_to_publish_costs_a_question_for_each_tag_however_little_is_allowed(registry: str) -> None:
    arches = ("amd64", "arm32v5", "arm32v7", "arm64v8", "i386", "ppc64le", "riscv64", "s390x")
    family = Family(registry, "faults-allowance", arches, Tags((), tuple(f"t{number}" for number in range(TAGS))))
    await family.published(NEW)

    async with FaultProxy(registry) as proxy, client() as through:
        proxy.allowance = Allowance(per_second=100, left=20)
        run = await family.run(Job(through, proxy.address, NEW))
        answered = [seen for seen in proxy.seen if seen.status != 429]

    tags, builds = len(run.moved), len(arches)
    assert {moved.move for moved in run.moved} == {Move.UNCHANGED}
    assert (tags, {seen.method for seen in answered}) == ((len(arches) + 1) * TAGS, {"GET"})
    assert len(answered) == tags + builds
    assert len(proxy.seen) - len(answered) < tags / 2
