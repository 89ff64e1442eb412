"""What a failed build died of, told from what BuildKit said."""

import re

from orchestrator.errors import ExitCode

# The order decides: a RUN that failed is the user's, whatever its output happens to mention.
_CAUSES: tuple[tuple[re.Pattern[str], ExitCode], ...] = (
    (re.compile(r"did not complete successfully: exit code"), ExitCode.BUILD_FAILED),
    (re.compile(r"dockerfile parse error|failed to parse|unknown instruction"), ExitCode.BUILD_FAILED),
    (re.compile(r"no space left on device"), ExitCode.LOCAL_OUTPUT),
    (re.compile(r"401 Unauthorized|403 Forbidden|authorization failed|insufficient_scope"), ExitCode.NOT_AUTHORISED),
    (
        re.compile(
            r"code = Unavailable|error reading from server|transport is closing|connection re(?:fused|set)"
            r"|i/o timeout|TLS handshake timeout|unexpected EOF|no such host|Temporary failure in name resolution"
            r"|(?:429|500|502|503|504) [A-Z][a-z]|cannot connect to the docker daemon|ref .* locked",
            re.IGNORECASE,
        ),
        ExitCode.UNAVAILABLE,
    ),
)


def cause(message: str) -> ExitCode:
    """The exit code that a failed build stands for; a failure that nothing explains is the build's own."""
    return next((code for pattern, code in _CAUSES if pattern.search(message)), ExitCode.BUILD_FAILED)
