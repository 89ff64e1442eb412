"""What a failed build died of, told from what BuildKit said, and whether another attempt may go better."""

import re

from orchestrator.errors import ExitCode

_TRANSIENT_ATTEMPTS = 3
_CRASHED_ATTEMPTS = 2
# What a shell says of a program that died of SIGSEGV: 128 + 11.
_CRASH = re.compile(r"did not complete successfully: exit code: 139$")


# When two equal builds end at the same moment, BuildKit may keep a step in its cache whose files it has lost:
# moby/buildkit#4419 and #6808. Whatever stands on that step fails then, until the step is carried out again.
_STEP_LOST = re.compile(r"\bsnapshot \S+ does not exist|missing lease requirement", re.IGNORECASE)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# The order decides: a RUN that ended by itself is the user's, whatever its text or output happens to mention.
_CAUSES: tuple[tuple[re.Pattern[str], ExitCode], ...] = (
    (_any(r"did not complete successfully: exit code", r"dockerfile parse error"), ExitCode.BUILD_FAILED),
    (_any(r"unknown (?:shorthand )?flag", r"is not a docker command"), ExitCode.PROGRAM_MISSING),
    # A certificate that is not trusted is for people to mend, as is a registry that speaks no TLS at all.
    (
        _any(r'no builder "[^"]*" found', r"failed to verify certificate", r"gave http response to https client"),
        ExitCode.INPUT,
    ),
    (_any(r"no space left on device", r"disk quota exceeded", r"read-only file system"), ExitCode.LOCAL_OUTPUT),
    (
        _any(
            r"\b401 unauthorized",
            r"\b403 forbidden",
            r"authorization failed",
            r"insufficient_scope",
            r"no basic auth credentials",
            r"unauthorized: ",
            r"denied: requested access",
            r"permission denied while trying to connect",
        ),
        ExitCode.NOT_AUTHORISED,
    ),
    (
        # Bytes that are not what their digest says, and a manifest whose blobs are gone.
        _any(r"unexpected commit digest", r"failed size validation", r"could not fetch content descriptor"),
        ExitCode.CONTRACT_BROKEN,
    ),
    (
        _any(
            # The builder went away, or stumbles over its own work (moby/buildkit#1296, containerd's locks).
            r"code = unavailable",
            r"error reading from server",
            r"transport is closing",
            r"cannot connect to the docker daemon",
            r"\bref \S+ locked",
            r"inconsistent graph state",
            r"failed to get state for index",
            _STEP_LOST.pattern,
            r"failed to create endpoint",
            # Another client went away, whose equal build this one had joined; nobody cancels ours but we.
            r"\bcontext canceled",
            # The network did.
            r"connection re(?:fused|set)",
            r"i/o timeout",
            r"tls handshake timeout",
            r"context deadline exceeded",
            r"client\.timeout exceeded",
            r"unexpected eof",
            r": eof\b",
            r"broken pipe",
            r"no such host",
            r"server misbehaving",
            r"temporary failure in name resolution",
            r"network is unreachable",
            r"no route to host",
            # A registry or a download's host did.
            r"\b429 too many requests",
            r"toomanyrequests",
            r"\b50[0234] (?:internal server error|bad gateway|service unavailable|gateway time-?out)",
            r"invalid response status (?:429|5\d\d)\b",
        ),
        ExitCode.UNAVAILABLE,
    ),
)


def cause(message: str) -> ExitCode:
    """The exit code that a failed build stands for; a failure that nothing explains is the build's own."""
    return next((code for pattern, code in _CAUSES if pattern.search(message)), ExitCode.BUILD_FAILED)


def is_crash(message: str) -> bool:
    """Whether a RUN died of SIGSEGV: under emulation it is often the emulator that does."""
    return _CRASH.search(message) is not None


def is_cache_broken(message: str) -> bool:
    """Whether a builder has lost what its cache promises, so that another attempt has to do without it."""
    return _STEP_LOST.search(message) is not None


def attempts(code: ExitCode, *, is_crash: bool, is_emulated: bool) -> int:
    """How often a build that ends like this is tried in all: what is not transient gives the same again."""
    if code is ExitCode.UNAVAILABLE:
        return _TRANSIENT_ATTEMPTS
    return _CRASHED_ATTEMPTS if is_crash and is_emulated else 1


def explained(message: str, *, attempts: int, is_crash: bool, is_emulated: bool) -> str:
    """Why a build failed, with what a person should know besides: how often it was tried, and that it was emulated."""
    tried = f"tried {attempts} times" if attempts > 1 else ""
    emulated = "emulated, and emulators crash: a builder of this arch may not" if is_crash and is_emulated else ""
    more = ", ".join(filter(None, (tried, emulated)))
    return f"{message} ({more})" if more else message
