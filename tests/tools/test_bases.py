import json
from collections.abc import Mapping

import pytest

from orchestrator.errors import (
    ContractBrokenError,
    InputError,
    NotAuthorisedError,
    OrchestratorError,
    UnavailableError,
)
from orchestrator.model.bases import BUILDERS, Base, BaseManifest, Mirrors, ResolvedBase, mirrors
from orchestrator.model.oci import OCI_INDEX, OCI_MANIFEST, Document, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.bases import find, look_up, resolve

ALPINE = Reference.parse("alpine:3.24")
DEBIAN = Reference.parse("debian:trixie-slim")
MIRRORED = mirrors({"docker.io": ("local", "https://mirror.example/hub")}, local="127.0.0.1:5000")
NOWHERE: Mirrors = {}


class FakeRegistry:
    """Answers from a table and notes each question."""

    def __init__(
        self, answers: Mapping[str, Document | OrchestratorError], blobs: Mapping[str, bytes] | None = None
    ) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._blobs = blobs or {}

    async def document(self, reference: Reference) -> Document | None:
        self.asked.append(str(reference))
        answer = self._answers.get(str(reference))
        if isinstance(answer, OrchestratorError):
            raise answer
        return answer

    async def blob(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        self.asked.append(f"{repository}@{digest}")
        return self._blobs[digest]


def digest(character: str) -> str:
    return f"sha256:{character * 64}"


def index(**platforms: str) -> Document:
    """An index by digest's character: ``index(a="linux/amd64")``."""
    children = [
        {
            "mediaType": OCI_MANIFEST,
            "digest": digest(character),
            "size": 1,
            "platform": dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False)),
        }
        for character, platform in platforms.items()
    ]
    return Document(OCI_INDEX, json.dumps({"schemaVersion": 2, "manifests": children}).encode())


def single(config: bytes) -> Document:
    descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config), "size": 1}
    return Document(OCI_MANIFEST, json.dumps({"schemaVersion": 2, "config": descriptor, "layers": []}).encode())


async def test_each_base_is_asked_for_once_however_many_arches_need_it() -> None:
    registry = FakeRegistry(
        {"docker.io/library/alpine:3.24": index(a="linux/amd64", b="linux/arm/v7", c="linux/s390x")}
    )

    resolved = await resolve([(ALPINE, "s390x"), (ALPINE, "amd64"), (ALPINE, "amd64")], registry=registry, mirrors={})

    repository = Repository("docker.io", "library/alpine")
    assert resolved == {
        (ALPINE, "s390x"): ResolvedBase(ALPINE, "s390x", repository.at(digest("c")), digest("c"), ""),
        (ALPINE, "amd64"): ResolvedBase(ALPINE, "amd64", repository.at(digest("a")), digest("a"), ""),
    }
    assert registry.asked == ["docker.io/library/alpine:3.24"]


async def test_a_base_that_cannot_be_looked_up_is_a_value_beside_those_that_can() -> None:
    registry = FakeRegistry({str(ALPINE): index(a="linux/amd64"), str(DEBIAN): UnavailableError("503")})

    resolved = await resolve([(ALPINE, "amd64"), (DEBIAN, "amd64")], registry=registry, mirrors={})

    assert [type(each) for each in resolved.values()] == [ResolvedBase, UnavailableError]


async def test_for_what_the_builder_runs_a_base_is_tied_to_its_index_whatever_platforms_that_has() -> None:
    found = index(a="linux/386")
    registry = FakeRegistry({str(ALPINE): found})

    resolved = await resolve([(ALPINE, BUILDERS), (ALPINE, "i386")], registry=registry, mirrors={})

    assert resolved == {
        (ALPINE, BUILDERS): ResolvedBase(ALPINE, BUILDERS, ALPINE.pinned(found.digest), found.digest, ""),
        (ALPINE, "i386"): ResolvedBase(ALPINE, "i386", ALPINE.pinned(digest("a")), digest("a"), ""),
    }


async def test_the_first_place_that_has_a_base_is_where_it_is_pulled_from() -> None:
    registry = FakeRegistry(
        {
            "mirror.example/hub/library/alpine:3.24": index(a="linux/amd64"),
            "docker.io/library/alpine:3.24": index(b="linux/amd64"),
        }
    )

    resolved = await resolve([(ALPINE, "amd64")], registry=registry, mirrors=MIRRORED)

    pinned = Repository("mirror.example", "hub/library/alpine").at(digest("a"))
    assert resolved == {(ALPINE, "amd64"): ResolvedBase(ALPINE, "amd64", pinned, digest("a"), "")}
    assert registry.asked == ["127.0.0.1:5000/library/alpine:3.24", "mirror.example/hub/library/alpine:3.24"]


async def test_a_mirror_that_does_not_answer_is_never_skipped() -> None:
    registry = FakeRegistry(
        {
            "127.0.0.1:5000/library/alpine:3.24": UnavailableError("127.0.0.1:5000: connection refused"),
            "docker.io/library/alpine:3.24": index(a="linux/amd64"),
        }
    )

    with pytest.raises(UnavailableError) as raised:
        await resolve([(ALPINE, "amd64")], registry=registry, mirrors=MIRRORED)

    assert str(raised.value) == (
        "base alpine:3.24 cannot be resolved (127.0.0.1:5000: connection refused); make 127.0.0.1:5000 reachable, "
        "or take it out of `mirrors` in orchestrator.yaml"
    )
    assert registry.asked == ["127.0.0.1:5000/library/alpine:3.24"]


async def test_an_unreachable_registry_is_told_with_all_that_was_tried_and_what_to_do() -> None:
    registry = FakeRegistry({"docker.io/library/debian:trixie-slim": UnavailableError("docker.io: no such name")})

    with pytest.raises(UnavailableError) as raised:
        await resolve([(DEBIAN, "amd64"), (DEBIAN, "arm64v8")], registry=registry, mirrors=MIRRORED)

    assert str(raised.value) == (
        "base debian:trixie-slim cannot be resolved (127.0.0.1:5000/library/debian:trixie-slim: absent; "
        "mirror.example/hub/library/debian:trixie-slim: absent; docker.io: no such name); make docker.io reachable, "
        "or name a mirror of it: `mirrors` in orchestrator.yaml, or `--mirror docker.io=URL`; or make a stand-in: "
        "`orchestrator bases import debian:trixie-slim --arch amd64 --arch arm64v8`, "
        "which `--mirror docker.io=local` uses"
    )


async def test_a_base_that_is_nowhere_is_a_wrong_input() -> None:
    with pytest.raises(InputError) as raised:
        await resolve([(ALPINE, "amd64")], registry=FakeRegistry({}), mirrors={})

    assert str(raised.value) == (
        "base alpine:3.24 does not exist (docker.io/library/alpine:3.24: absent); "
        "correct its name in orchestrator.yaml or the template"
    )


async def test_a_digest_that_is_nowhere_is_not_called_a_wrong_name() -> None:
    with pytest.raises(InputError, match=r"absent\); correct its digest, or take a newer one: registries may delete"):
        await resolve([(ALPINE.pinned(digest_of(b"gone")), "amd64")], registry=FakeRegistry({}), mirrors={})


async def test_missing_platforms_of_a_base_are_told_together() -> None:
    registry = FakeRegistry({"docker.io/library/alpine:3.24": index(a="linux/amd64")})

    with pytest.raises(InputError) as raised:
        await resolve([(ALPINE, arch) for arch in ("amd64", "ppc64le", "s390x")], registry=registry, mirrors={})

    assert raised.value.problems == (
        "base alpine:3.24 has no linux/ppc64le, linux/s390x; at docker.io/library/alpine:3.24 it has linux/amd64; "
        "take the arch out by `architectures` or `exclude` in orchestrator.yaml, or name another base",
    )


async def test_the_problems_of_all_bases_are_one_error_of_the_gravest_class() -> None:
    registry = FakeRegistry(
        {
            "docker.io/library/alpine:3.24": UnavailableError("docker.io: down"),
            "ghcr.io/owner/app:1": NotAuthorisedError("ghcr.io: refused, 401"),
        }
    )
    wanted = [(ALPINE, "amd64"), (Reference.parse("ghcr.io/owner/app:1"), "amd64")]

    with pytest.raises(NotAuthorisedError) as raised:
        await resolve(wanted, registry=registry, mirrors=NOWHERE)

    assert [problem.partition(" cannot")[0] for problem in raised.value.problems] == [
        "base alpine:3.24",
        "base ghcr.io/owner/app:1",
    ]


async def test_scratch_is_left_out_without_a_question() -> None:
    registry = FakeRegistry({})

    assert await resolve([(Reference.parse("scratch"), "amd64")], registry=registry, mirrors={}) == {}
    assert registry.asked == []


async def test_a_single_image_of_another_architecture_is_refused() -> None:
    config = b'{"os": "linux", "architecture": "amd64"}'
    registry = FakeRegistry({"docker.io/library/alpine:3.24": single(config)}, {digest_of(config): config})

    with pytest.raises(InputError, match=r"has no linux/arm64/v8; at docker.io/library/alpine:3.24 it has linux/amd64"):
        await resolve([(ALPINE, "arm64v8")], registry=registry, mirrors={})


async def test_a_single_image_of_the_right_architecture_is_pinned_by_its_own_digest() -> None:
    config = b'{"os": "windows", "architecture": "amd64", "os.version": "10.0.1"}'
    manifest = single(config)
    registry = FakeRegistry({"docker.io/library/alpine:3.24": manifest}, {digest_of(config): config})

    resolved = await resolve([(ALPINE, "windows-amd64")], registry=registry, mirrors={})

    pinned = Repository("docker.io", "library/alpine").at(manifest.digest)
    assert resolved == {
        (ALPINE, "windows-amd64"): ResolvedBase(ALPINE, "windows-amd64", pinned, manifest.digest, "10.0.1")
    }


async def test_a_malformed_configuration_is_the_registrys_fault() -> None:
    registry = FakeRegistry({"docker.io/library/alpine:3.24": single(b"[]")}, {digest_of(b"[]"): b"[]"})

    with pytest.raises(ContractBrokenError, match="malformed configuration: expected a JSON object"):
        await resolve([(ALPINE, "amd64")], registry=registry, mirrors={})


async def test_looking_up_tells_what_became_of_each_base() -> None:
    registry = FakeRegistry(
        {
            "docker.io/library/alpine:3.24": index(a="linux/amd64"),
            "docker.io/library/debian:trixie-slim": index(b="linux/386"),
        }
    )

    outcomes = await look_up({ALPINE: ["amd64"], DEBIAN: ["amd64"]}, registry=registry, mirrors={})

    manifests = (BaseManifest(Platform("linux", "amd64"), digest("a")),)
    assert outcomes[ALPINE] == Base(ALPINE, ALPINE, manifests, index(a="linux/amd64").digest)
    assert isinstance(outcomes[DEBIAN], InputError)


async def test_finding_takes_a_base_with_whatever_platforms_it_has() -> None:
    registry = FakeRegistry({"docker.io/library/alpine:3.24": index(a="linux/s390x", b="linux/amd64")})

    found = await find([ALPINE], registry=registry, mirrors={})

    assert found[ALPINE].arches == ("amd64", "s390x")
