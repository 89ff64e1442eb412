"""Where images go: the repositories of an image in one registry."""

from dataclasses import dataclass

from orchestrator.model.config import Config
from orchestrator.model.platforms import ARCHES
from orchestrator.model.references import DOCKER_HUB, Reference, Repository
from orchestrator.model.targets import Target

# A tag has up to 128 letters, and line and variant must find room in it too.
_IMAGE_MAX_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Repositories:
    """The repositories of one image; the names are a contract with users and other jobs."""

    registry: str
    """Host and port, the embedded registry already replaced by its address."""
    config: Config

    @property
    def shared(self) -> Repository:
        return Repository(self.registry, f"{self.config.namespace}/{self.config.image}")

    def arch(self, arch: str) -> Repository:
        return Repository(self.registry, f"{self._arch_namespace(arch)}/{self.config.image}")

    def local(self, arch: str, *, is_native: bool) -> Repository:
        """What an image is called in an engine: `python` for the machine's own arch, `s390x/python` for others."""
        namespace = "library" if is_native else self._arch_namespace(arch)
        return Repository(DOCKER_HUB, f"{namespace}/{self.config.image}")

    def staging(self, arch: str) -> Repository:
        return Repository(self.registry, f"{self.config.staging_namespace}/staging-{arch}")

    def staged(self, arch: str, build_id: str) -> Reference:
        return self.staging(arch).tagged(build_id)

    def last_staged(self, target: Target) -> Reference:
        """What names the last build of a target that was staged, whatever its build ID is."""
        return self.staging(target.arch).tagged(f"{self._word}-{target.facts.line}-{target.facts.variant.name}")

    def queue_state(self, arch: str) -> Reference:
        """What remembers the failing builds of an arch; neither a build ID nor an image's name begins with `_`."""
        return self.staging(arch).tagged(f"_queue-{self._word}")

    @property
    def journals(self) -> Repository:
        """Where runs that move tags leave what they moved."""
        word = self.config.image.replace("/", "-")
        return Repository(self.registry, f"{self.config.staging_namespace}/journal-{word}")

    @property
    def _word(self) -> str:
        """The image as a part of a tag."""
        return self.config.image.replace("/", "-")[:_IMAGE_MAX_LENGTH]

    def _arch_namespace(self, arch: str) -> str:
        return self.config.arch_namespaces.get(arch, ARCHES[arch].namespace)
