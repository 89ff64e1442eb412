import pytest

from orchestrator.errors import InputError
from orchestrator.tools.upstream import upstream


async def test_what_does_not_come_by_https_is_not_asked_for() -> None:
    url, problem = "http://example.org/Python-3.14.0.tar.xz", "there is no checksum for it, so it must come by https"

    async with upstream() as web:
        for asked in (web.text, web.exists, web.sha256):
            with pytest.raises(InputError, match=problem):
                await asked(url)
