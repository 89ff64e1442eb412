import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.failures import attempts, cause, explained, is_cache_broken, is_crash

DIGEST = f"sha256:{'0a' * 32}"
OTHER = f"sha256:{'0b' * 32}"
REGISTRY = "http://registry.example/v2/library/base"

# As buildx 0.13.1, BuildKit 0.12 to 0.13 and containerd 1.7 said them; names of machines are made up.
RECORDED = [
    ('process "/bin/sh -c exit 7" did not complete successfully: exit code: 7', ExitCode.BUILD_FAILED),
    ('process "/bin/sh -c kill -SEGV $$" did not complete successfully: exit code: 139', ExitCode.BUILD_FAILED),
    ('process "/nothing" did not complete successfully: exit code: 126', ExitCode.BUILD_FAILED),
    (
        "failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)",
        ExitCode.BUILD_FAILED,
    ),
    ("failed to solve: dockerfile parse error on line 4: unknown flag: from", ExitCode.BUILD_FAILED),
    (
        'failed to calculate checksum of ref a1fq::wdif: "/nothing": not found',
        ExitCode.BUILD_FAILED,
    ),
    (f"registry.example/library/base@{DIGEST}: not found", ExitCode.BUILD_FAILED),
    ("no match for platform in manifest: not found", ExitCode.BUILD_FAILED),
    (f"digest mismatch {DIGEST}: {OTHER}", ExitCode.BUILD_FAILED),
    ("failed to load cache key: invalid response status 404", ExitCode.BUILD_FAILED),
    ("failed to load cache key: invalid response status 503", ExitCode.UNAVAILABLE),
    ("failed to load cache key: invalid response status 429", ExitCode.UNAVAILABLE),
    ("unknown flag: --build-context\nSee 'docker buildx build --help'.", ExitCode.PROGRAM_MISSING),
    ("docker: 'buildx' is not a docker command.\nSee 'docker --help'", ExitCode.PROGRAM_MISSING),
    ('no builder "arm-host" found', ExitCode.INPUT),
    (
        'failed to push registry.example/tool: failed to do request: Head "https://registry.example/v2/tool/blobs/x": '
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        ExitCode.INPUT,
    ),
    (
        'failed to push registry.example/tool: failed to do request: Head "https://registry.example/v2/tool/blobs/x": '
        "http: server gave HTTP response to HTTPS client",
        ExitCode.INPUT,
    ),
    (
        'failed to push 127.0.0.1:5999/tool: failed to do request: Head "https://127.0.0.1:5999/v2/tool/blobs/x": '
        "dial tcp 127.0.0.1:5999: connect: connection refused",
        ExitCode.UNAVAILABLE,
    ),
    (
        "failed to copy: failed to send write: write /out/layout/ingest/a4d2/data: no space left on device: unknown",
        ExitCode.LOCAL_OUTPUT,
    ),
    (
        "failed to copy to tar: rpc error: code = Unknown desc = write /out/layout.tar: no space left on device",
        ExitCode.LOCAL_OUTPUT,
    ),
    (
        f"unexpected status from HEAD request to {REGISTRY}/manifests/1: 401 Unauthorized",
        ExitCode.NOT_AUTHORISED,
    ),
    (f"unexpected status from HEAD request to {REGISTRY}/manifests/1: 403 Forbidden", ExitCode.NOT_AUTHORISED),
    (
        f"failed to copy: httpReadSeeker: failed open: unexpected status code {REGISTRY}/blobs/{DIGEST}: "
        "401 Unauthorized - Server message: unknown: made to fail",
        ExitCode.NOT_AUTHORISED,
    ),
    (
        "pull access denied, repository does not exist or may require authorization: "
        "server message: insufficient_scope: authorization failed",
        ExitCode.NOT_AUTHORISED,
    ),
    (
        "permission denied while trying to connect to the Docker daemon socket at unix:///run/docker.sock",
        ExitCode.NOT_AUTHORISED,
    ),
    (
        f'failed commit on ref "manifest-{DIGEST}": commit failed: unexpected commit digest {OTHER}, '
        f"expected {DIGEST}: failed precondition",
        ExitCode.CONTRACT_BROKEN,
    ),
    (
        f"failed to copy: httpReadSeeker: failed open: could not fetch content descriptor {DIGEST} "
        "(application/vnd.oci.image.config.v1+json) from remote: not found",
        ExitCode.CONTRACT_BROKEN,
    ),
    (
        f"unexpected status from HEAD request to {REGISTRY}/manifests/1: 503 Service Unavailable",
        ExitCode.UNAVAILABLE,
    ),
    (
        f"unexpected status from HEAD request to {REGISTRY}/manifests/1: 500 Internal Server Error",
        ExitCode.UNAVAILABLE,
    ),
    (
        f"unexpected status from HEAD request to {REGISTRY}/manifests/1: 429 Too Many Requests",
        ExitCode.UNAVAILABLE,
    ),
    (
        f"failed to copy: httpReadSeeker: failed open: unexpected status code {REGISTRY}/blobs/{DIGEST}: "
        "503 Service Unavailable - Server message: unknown: made to fail",
        ExitCode.UNAVAILABLE,
    ),
    (
        f'failed to do request: Head "{REGISTRY}/manifests/1": read tcp 127.0.0.1:39442->127.0.0.1:5000: '
        "read: connection reset by peer",
        ExitCode.UNAVAILABLE,
    ),
    (
        f'failed to do request: Head "{REGISTRY}/manifests/1": dial tcp 127.0.0.1:1: connect: connection refused',
        ExitCode.UNAVAILABLE,
    ),
    (
        f'failed to do request: Head "{REGISTRY}/manifests/1": dial tcp: lookup registry.example on 10.0.0.1:53: '
        "no such host",
        ExitCode.UNAVAILABLE,
    ),
    ("rpc error: code = Unavailable desc = error reading from server: EOF", ExitCode.UNAVAILABLE),
    (
        'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: '
        'dial tcp 127.0.0.1:1234: connect: connection refused"',
        ExitCode.UNAVAILABLE,
    ),
    ("rpc error: code = Unavailable desc = transport is closing", ExitCode.UNAVAILABLE),
    (
        "Cannot connect to the Docker daemon at unix:///run/docker.sock. Is the docker daemon running?",
        ExitCode.UNAVAILABLE,
    ),
    (f"ref layer-{DIGEST} locked for 2.1s (since 2026-01-01): unavailable", ExitCode.UNAVAILABLE),
    ("inconsistent graph state", ExitCode.UNAVAILABLE),
    ("failed to solve: Canceled: context canceled", ExitCode.UNAVAILABLE),
    ("failed to get state for index 0 on [stage-1 2/3] RUN make", ExitCode.UNAVAILABLE),
    (
        "failed to commit gb42kruy9vr9 to jk7w73t3qr5u during finalize: failed to stat active key during commit: "
        "snapshot gb42kruy9vr9 does not exist: not found",
        ExitCode.UNAVAILABLE,
    ),
    ("failed to solve: missing lease requirement for setBlob", ExitCode.UNAVAILABLE),
    (
        'process "/bin/sh -c true" did not complete successfully: failed to create endpoint izl0 on network bridge: '
        "adding interface veth10e6 to bridge docker0 failed: Device does not exist",
        ExitCode.UNAVAILABLE,
    ),
    (f'failed to do request: Get "{REGISTRY}/blobs/{DIGEST}": EOF', ExitCode.UNAVAILABLE),
    ("net/http: TLS handshake timeout", ExitCode.UNAVAILABLE),
]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("failed to stat lower snapshot oqp2: snapshot oqp2 does not exist: not found", True),
        ("failed to solve: missing lease requirement for setBlob", True),
        ("failed to get state for index 0 on [stage-1 2/3] RUN make", False),
        ('process "/bin/sh -c tool" did not complete successfully: exit code: 1', False),
    ],
)
def test_a_cache_that_lost_what_it_promises_is_told_from_other_failures(message: str, expected: bool) -> None:
    assert is_cache_broken(message) == expected


@pytest.mark.parametrize(("message", "expected"), RECORDED)
def test_what_buildkit_says_tells_the_cause(message: str, expected: ExitCode) -> None:
    assert cause(message) == expected


@pytest.mark.parametrize(
    "script",
    [
        "curl http://127.0.0.1:1 || echo connection refused",
        "echo no space left on device",
        "echo 503 Service Unavailable, 401 Unauthorized",
        "echo code = Unavailable: error reading from server: EOF",
        "tar --unknown flag: x",
        "echo unexpected commit digest",
    ],
)
def test_a_run_that_failed_is_the_users_whatever_its_text_mentions(script: str) -> None:
    assert cause(f'process "/bin/sh -c {script}" did not complete successfully: exit code: 1') == ExitCode.BUILD_FAILED


@pytest.mark.parametrize(
    "message", ["", "something new", "exporting 503 files", "page 500 of 502 Pages", "ref a unlocked"]
)
def test_what_nothing_explains_is_the_builds_own(message: str) -> None:
    assert cause(message) == ExitCode.BUILD_FAILED


@pytest.mark.parametrize(
    ("code", "is_crash", "is_emulated", "expected"),
    [
        (ExitCode.UNAVAILABLE, False, False, 3),
        (ExitCode.BUILD_FAILED, False, True, 1),
        (ExitCode.BUILD_FAILED, True, False, 1),
        (ExitCode.BUILD_FAILED, True, True, 2),
        (ExitCode.NOT_AUTHORISED, False, False, 1),
        (ExitCode.LOCAL_OUTPUT, False, False, 1),
        (ExitCode.CONTRACT_BROKEN, False, False, 1),
        (ExitCode.DONE, False, False, 1),
    ],
)
def test_only_what_may_go_better_is_tried_again(
    code: ExitCode, *, is_crash: bool, is_emulated: bool, expected: int
) -> None:
    assert attempts(code, is_crash=is_crash, is_emulated=is_emulated) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('process "/bin/sh -c tool" did not complete successfully: exit code: 139', True),
        ('process "/bin/sh -c tool" did not complete successfully: exit code: 137', False),
        (
            'process "/bin/sh -c echo did not complete successfully: exit code: 139" did not complete successfully: '
            "exit code: 1",
            False,
        ),
    ],
)
def test_a_crash_is_told_by_the_exit_code_alone(message: str, *, expected: bool) -> None:
    assert is_crash(message) == expected


@pytest.mark.parametrize(
    ("tried", "is_crash", "is_emulated", "expected"),
    [
        (1, False, True, "exit code: 7"),
        (3, False, False, "exit code: 7 (tried 3 times)"),
        (1, True, False, "exit code: 7"),
        (1, True, True, "exit code: 7 (emulated, and emulators crash: a builder of this arch may not)"),
        (
            2,
            True,
            True,
            "exit code: 7 (tried 2 times, emulated, and emulators crash: a builder of this arch may not)",
        ),
    ],
)
def test_a_failure_says_how_often_it_was_tried_and_that_it_was_emulated(
    tried: int, *, is_crash: bool, is_emulated: bool, expected: str
) -> None:
    assert explained("exit code: 7", attempts=tried, is_crash=is_crash, is_emulated=is_emulated) == expected
