import json
from dataclasses import replace

import pytest

from orchestrator.errors import ContractBrokenError, OrchestratorError, UnavailableError
from orchestrator.model.oci import OCI_MANIFEST, Document, digest_of
from orchestrator.model.plan import Plan, Unknown
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import Staged
from orchestrator.tools.publish.live import live, staged_targets
from orchestrator.tools.registry.retry import RegistryUnavailableError
from tests.samples import attestation_entry, build, image_entry, index_document, target
from tests.tools.publish.family import PUBLIC, hold_image, image, staged_build
from tests.tools.publish.memory import MemoryRegistry

TAG = PUBLIC.tagged("2.0")
CHART = {"mediaType": "application/vnd.chart", "digest": digest_of(b"chart"), "size": 5}


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


async def test_staged_builds_come_with_their_images_and_what_speaks_of_them(registry: MemoryRegistry) -> None:
    entry = image_entry("linux/amd64")
    document = index_document(entry, attestation_entry(entry["digest"]))
    there = staged_build(registry, "amd64", document)
    never = build("2.0/trixie@s390x")

    found = await staged_targets(Plan((there, never)), registry)

    member = Member("amd64", document.children[0], document.children[1:])
    assert found == {there.target: Staged(there.target, there.staging.repository, (member,), there.build_id)}
    assert registry.asked == [str(there.staging.pinned(document.digest))]


async def test_a_build_that_went_away_since_the_plan_is_not_staged(registry: MemoryRegistry) -> None:
    assert await staged_targets(Plan((build("2.0/trixie@amd64", staged="sha256:gone"),)), registry) == {}


@pytest.mark.parametrize(
    ("arches", "expected"),
    [
        (["s390x"], "is for linux/s390x, expected linux/amd64; build it again with --force"),
        (["amd64", "amd64/v2"], "holds 2 images, expected one of a single build; build it again with --force"),
        ([], "holds 0 images, expected one of a single build; build it again with --force"),
    ],
)
async def test_what_is_no_build_of_its_arch_is_unknown(
    registry: MemoryRegistry, arches: list[str], expected: str
) -> None:
    each = staged_build(registry, "amd64", index_document(*(image_entry(f"linux/{arch}") for arch in arches)))

    (unknown,) = (await staged_targets(Plan((each,)), registry)).values()

    assert isinstance(unknown, Unknown)
    assert isinstance(unknown.error, ContractBrokenError)
    assert unknown.problem.endswith(expected)


async def test_what_cannot_be_looked_up_keeps_the_others_from_nothing(registry: MemoryRegistry) -> None:
    amd64, arm = (
        staged_build(registry, arch, index_document(image_entry(platform)))
        for arch, platform in (("amd64", "linux/amd64"), ("arm32v7", "linux/arm/v7"))
    )
    error = UnavailableError("503")
    registry.unreadable[str(arm.staging.pinned(arm.staged))] = error
    known = Unknown(target("2.0/trixie@s390x"), UnavailableError("base"))

    found = await staged_targets(Plan((amd64, arm), (known,)), registry)

    assert found[arm.target] == Unknown(arm.target, error)
    assert found[known.target] == known
    assert isinstance(found[amd64.target], Staged)


async def test_an_image_of_windows_has_its_release_from_its_configuration(registry: MemoryRegistry) -> None:
    each = build("2.0/windows/windowsservercore-ltsc2025@windows-amd64")
    member = hold_image(registry, each.staging.repository, "windows-amd64", "new", **{"os.version": "10.0.26100.4061"})
    document = assemble([member])
    registry.hold(each.staging.repository, document)

    found = await staged_targets(Plan((replace(each, staged=document.digest),)), registry)

    (staged,) = found.values()
    assert isinstance(staged, Staged)
    assert [member.platform for member in staged.members] == ["windows/amd64 10.0.26100.4061"]


async def test_a_tag_that_names_nothing_is_told_from_one_that_cannot_be_read(registry: MemoryRegistry) -> None:
    assert await live(TAG, registry) == Live()

    registry.unreadable[str(TAG)] = RegistryUnavailableError("500", status=500)
    assert await live(TAG, registry) == Live(is_damaged=True)


@pytest.mark.parametrize(
    "error", [RegistryUnavailableError("503", status=503), RegistryUnavailableError("no answer"), UnavailableError("x")]
)
async def test_a_registry_that_does_not_answer_says_nothing_of_a_tag(
    registry: MemoryRegistry, error: OrchestratorError
) -> None:
    registry.unreadable[str(TAG)] = error

    with pytest.raises(type(error)):
        await live(TAG, registry)


async def test_a_live_index_has_its_images(registry: MemoryRegistry) -> None:
    document = assemble([hold_image(registry, PUBLIC, arch, "old") for arch in ("amd64", "s390x")])
    registry.hold(PUBLIC, document, "2.0")

    found = await live(TAG, registry)

    assert (found.digest, [member.place for member in found.members]) == (
        document.digest,
        [("linux/amd64", ""), ("linux/s390x", "")],
    )


async def test_a_single_image_is_for_what_its_configuration_says(registry: MemoryRegistry) -> None:
    hold_image(registry, PUBLIC, "arm64v8", "old")
    document, _ = image("arm64v8", "old")
    registry.hold(PUBLIC, document, "2.0")

    found = await live(TAG, registry)

    assert [(member.arch, member.platform, member.image.digest) for member in found.members] == [
        ("arm64v8", "linux/arm64/v8", document.digest)
    ]


async def test_what_is_no_image_is_no_image_that_the_tag_could_lose(registry: MemoryRegistry) -> None:
    chart = Document(OCI_MANIFEST, json.dumps({"schemaVersion": 2, "config": CHART, "layers": []}).encode())
    registry.hold(PUBLIC, chart, "2.0")

    assert await live(TAG, registry) == Live(chart)


async def test_a_configuration_that_says_no_platform_is_out_of_contract(registry: MemoryRegistry) -> None:
    hold_image(registry, PUBLIC, "amd64", "old", architecture="")
    document, _ = image("amd64", "old", architecture="")
    registry.hold(PUBLIC, document, "2.0")

    with pytest.raises(ContractBrokenError, match="its configuration is malformed"):
        await live(TAG, registry)
