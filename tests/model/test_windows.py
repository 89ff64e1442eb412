import pytest

from orchestrator.model.windows import release


@pytest.mark.parametrize(
    ("os_version", "expected"), [("10.0.26100.4061", "10.0.26100"), ("10.0.20348", "10.0.20348"), ("", "")]
)
def test_the_patch_is_no_part_of_a_release(os_version: str, expected: str) -> None:
    assert release(os_version) == expected
