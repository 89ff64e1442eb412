"""Tests of the order of package versions."""

import pytest

from orchestrator.model.report.package_versions import Course, course


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("9", "1:1"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0-1"),
        ("1.0-1", "1.0-1+deb13u1"),
        ("1.0-1", "1.0+dfsg-1"),
        ("1.0a", "1.0+"),
        ("1.0-1-2", "1.0-2-1"),
        ("6.5+20250216-2", "6.5+20250216-10"),
    ],
)
def test_debians_versions_have_debians_order(older: str, newer: str) -> None:
    assert [course("deb", older, newer), course("deb", newer, older)] == [Course.UPGRADED, Course.DOWNGRADED]


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("deb", None, "1", Course.ADDED),
        ("deb", "1", None, Course.REMOVED),
        ("deb", "1.0", "1.0-0", Course.CHANGED),
        ("apk", "3.5.0-r1", "3.5.0-r10", Course.UPGRADED),
        ("apk", "3.5.0_rc1-r0", "3.5.0-r0", Course.CHANGED),
        ("pypi", "25.1", "24.0", Course.DOWNGRADED),
        ("pypi", "1.0rc1", "1.0", Course.CHANGED),
        ("pypi", "1.0, 2.0", "2.0", Course.CHANGED),
    ],
)
def test_what_nobody_can_order_has_changed(kind: str, before: str | None, after: str | None, expected: Course) -> None:
    assert course(kind, before, after) == expected
