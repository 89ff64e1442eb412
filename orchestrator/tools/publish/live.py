"""Reads what stands behind public tags now, and what stands in staging for them."""

import asyncio

from orchestrator.errors import ContractBrokenError, OrchestratorError
from orchestrator.model.bases import BaseManifest, manifest_of_config
from orchestrator.model.image_config import is_image
from orchestrator.model.oci import Descriptor
from orchestrator.model.plan import Build, Plan, Unknown
from orchestrator.model.publishing.index import Member, members, members_of_all, without_platform
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import Found, Staged
from orchestrator.model.references import Reference, Repository
from orchestrator.model.targets import Target
from orchestrator.tools.bases import CONFIG_MAX_BYTES
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.retry import RegistryUnavailableError


async def staged_targets(plan: Plan, registry: Registry) -> Found:
    """The builds of a plan that are in staging, with their images; what cannot be known is a value of its own."""
    unknown: dict[Target, Staged | Unknown] = {each.target: each for each in plan.unknown}
    builds = [build for build in plan.builds if build.staged]
    found = await asyncio.gather(*(_staged(build, registry) for build in builds))
    return unknown | {build.target: each for build, each in zip(builds, found, strict=True) if each is not None}


async def live(tag: Reference, registry: Registry) -> Live:
    """What a tag names, with all its images; raises what keeps a registry from telling."""
    try:
        document = await registry.document(tag)
    except RegistryUnavailableError as error:
        if error.status != 500:
            raise
        return Live(is_damaged=True)
    if document is None:
        return Live()
    bare = without_platform(document)
    described = await asyncio.gather(*(_described(tag.repository, image, registry) for image in bare))
    return Live(document, members_of_all(document, {image.digest: image for image in described}))


async def _described(repository: Repository, image: Descriptor, registry: Registry) -> Descriptor:
    """The same, but what somebody stored that is no image, such as a chart, stays without a platform."""
    document = await registry.document(repository.at(image.digest))
    is_artifact = document is not None and not document.is_index and not is_image(document)
    return image if is_artifact else await described_image(repository, image, registry)


async def described_image(repository: Repository, image: Descriptor, registry: Registry) -> Descriptor:
    """An image with the platform that its configuration says; raises ContractBrokenError where it says none."""
    said = await configured(repository, image, registry)
    return Descriptor(
        image.media_type,
        image.digest,
        image.size,
        platform=said.platform,
        os_version=said.os_version,
        annotations=image.annotations,
    )


async def configured(repository: Repository, image: Descriptor, registry: Registry) -> BaseManifest:
    """What the configuration of an image says; raises ContractBrokenError when there is none that says it."""
    place = repository.at(image.digest)
    document = await registry.document(place)
    if document is None or document.config is None:
        raise ContractBrokenError(f"{place}: expected the manifest of an image, found nothing like it")
    config = await registry.blob(repository, document.config.digest, max_bytes=CONFIG_MAX_BYTES)
    try:
        return manifest_of_config(config, digest=image.digest)
    except ValueError as error:
        raise ContractBrokenError(f"{place}: its configuration is malformed: {error}") from error


async def _staged(build: Build, registry: Registry) -> Staged | Unknown | None:
    place = build.staging.pinned(build.staged)
    try:
        # By the digest that the plan saw: most likely it is known already, and no other build can slip in.
        document = await registry.document(place)
        if document is None:
            return None
        found = members(document, arch=build.target.arch)
        several = await asyncio.gather(*(_with_release(build, member, registry) for member in found))
    except ValueError as error:
        return Unknown(build.target, ContractBrokenError(f"{place}: {error}; build it again with --force"))
    except OrchestratorError as error:
        return Unknown(build.target, error)
    if len(several) != 1:
        problem = f"{place}: holds {len(several)} images, expected one of a single build; build it again with --force"
        return Unknown(build.target, ContractBrokenError(problem))
    return Staged(build.target, build.staging.repository, tuple(several), build.build_id)


async def _with_release(build: Build, member: Member, registry: Registry) -> Member:
    """The same image; one of Windows always with its release, by which clients choose."""
    if build.target.platform.os != "windows" or member.image.os_version:
        return member
    image = await described_image(build.staging.repository, member.image, registry)
    return Member(member.arch, image, member.attestations)
