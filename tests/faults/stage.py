"""One published image, a change to it through a proxy that lets requests go wrong, and what must be true after it."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from structlog.testing import capture_logs

from orchestrator.errors import OrchestratorError
from orchestrator.model.oci import Document
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import Credential
from orchestrator.tools.registry.retry import Policy
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.pushing import IMPATIENT, Image, Known, client, holds, image, index, push_index

CANARY = "canary-5d21e8"
ME = Credential("me", CANARY)

MOST_SECONDS = 10.0
MOST_REQUESTS = 120

_WRITES = "POST|PUT|PATCH|DELETE"


@dataclass
class Stage:
    """A tag with an index over two images, and an index with one more that it is to name.

    `run` publishes the new one through the proxy under `rules`; `check` looks at the registry behind it.
    """

    proxy: FaultProxy
    registry: str
    path: str
    policy: Policy = IMPATIENT
    old: Document = field(init=False)
    images: tuple[Image, ...] = field(init=False)
    error: OrchestratorError | None = None
    is_done: bool = False
    logs: list[Any] = field(default_factory=list)

    @property
    def tag(self) -> Reference:
        """The tag as the proxy shows it."""
        return Repository(self.proxy.address, self.path).tagged("1.0")

    @property
    def there(self) -> Reference:
        """The same tag, past the proxy."""
        return Repository(self.registry, self.path).tagged("1.0")

    @property
    def new(self) -> Document:
        return index(self.images)

    async def prepare(self) -> None:
        """Publish the old index, past the proxy."""
        platforms = ("linux/amd64", "linux/arm64/v8", "linux/s390x")
        self.images = tuple(image(os.urandom(64), platform=name) for name in platforms)
        async with client() as direct:
            self.old = await push_index(direct, self.there, self.images[:-1])
        self.proxy.seen.clear()

    async def run(self, rules: Sequence[Rule] = ()) -> OrchestratorError | None:
        """Publish the new index through the proxy; what it ended with."""
        self.proxy.rules = rules
        began = asyncio.get_running_loop().time()
        with capture_logs() as self.logs:
            async with self.client() as through:
                try:
                    await push_index(through, self.tag, self.images)
                    self.is_done = True
                except OrchestratorError as error:
                    self.error = error
        seconds = asyncio.get_running_loop().time() - began
        assert seconds < MOST_SECONDS, f"it took {seconds:.1f} s"  # O8
        assert len(self.proxy.seen) < MOST_REQUESTS, f"it took {len(self.proxy.seen)} requests"  # O8
        return self.error

    def client(self, **policy: Any) -> Registry:
        """A client as users have it, in a hurry, with credentials that nobody asks for."""
        return client(credentials=Known({self.proxy.address: ME}), policy=replace(self.policy, **policy))

    async def check(self) -> None:
        """What must be true after every row."""
        self._check_words()
        await self._check_registry({self.new.digest} if self.is_done else {self.old.digest, self.new.digest})
        self.proxy.rules = ()
        if not self.is_done:
            # O5: without faults a second run ends where the first would have.
            async with self.client() as again:
                await push_index(again, self.tag, self.images)
            await self._check_registry({self.new.digest})
        self.proxy.seen.clear()
        async with self.client() as nothing_to_do:
            await push_index(nothing_to_do, self.tag, self.images)
        assert self.proxy.requests(_WRITES) == []  # O4

    async def _check_registry(self, expected: set[str]) -> None:
        async with client() as direct:
            found = await direct.document(self.there)
            assert found is not None  # O1
            assert found.digest in expected  # O1
            assert await holds(direct, self.there.repository, found.digest)  # O2
        platforms = {str(child.platform) for child in found.children}
        assert platforms >= {str(child.platform) for child in self.old.children}  # O3

    def _check_words(self) -> None:
        said = f"{self.logs}{self.error or ''}"
        assert CANARY not in said  # O6
        if self.error is not None:
            # O9: one sentence, which names what it is about.
            assert len(str(self.error).splitlines()) == 1
            assert self.path in str(self.error)
