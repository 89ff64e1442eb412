import pytest

from orchestrator.errors import InputError
from orchestrator.model.config import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "image: a\nbuilders: {default: {driver: context}}",
            [":2: builders/default: the driver `context` needs `name`"],
        ),
        (
            "image: a\nbuilders: {s390x: {driver: remote, endpoint: 'tcp://x:1', name: y1}}",
            [":2: builders/s390x: the driver `remote` does not take `name`"],
        ),
        (
            "image: a\nbuilders: {default: {driver: context, name: farm, certificates: farm}}",
            [":2: builders/default: the driver `context` does not take `certificates`"],
        ),
        (
            "image: a\nbuilders: {default: {driver: classic, host: 'tcp://x:1', certificates: x, server_name: x}}",
            [":2: builders/default: the driver `classic` does not take `server_name`"],
        ),
        (
            "image: a\nbuilders: {default: {driver: classic, host: 'ssh://x', certificates: x}}",
            [":2: builders/default: `certificates` are for an address that begins with tcp://"],
        ),
        (
            "image: a\nbuilders: {default: {driver: classic, certificates: x}}",
            [":2: builders/default: `certificates` are for an address that begins with tcp://"],
        ),
        (
            "image: a\nbuilders: {default: {driver: remote, endpoint: 'tcp://x:1', server_name: x.example}}",
            [":2: builders/default: `server_name` is for TLS; name `certificates` as well"],
        ),
        (
            "image: a\nbuilders: {default: {driver: remote, endpoint: 'tcp://x:1', certificates: ../x}}",
            [
                ":2: builders/default/certificates: '../x' is not a folder of certificates; "
                "write it like s390x-host or /etc/buildkit/certs"
            ],
        ),
        ("image: a\nbuilders: {default: {jobs: 0}}", [":2: builders/default/jobs: expected 1 or more, got 0"]),
    ],
)
def test_what_does_not_fit_a_driver_is_named_by_its_line(text: str, expected: list[str]) -> None:
    with pytest.raises(InputError) as error:
        read(text, name="orchestrator.yaml")

    assert error.value.problems == tuple(f"orchestrator.yaml{problem}" for problem in expected)
