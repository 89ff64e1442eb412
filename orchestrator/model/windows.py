"""Releases of Windows: which images run on which."""

_RELEASE_NUMBERS = 3


def release(os_version: str) -> str:
    """The release that an os.version belongs to: `10.0.26100` of 10.0.26100.4061; the last number is the patch."""
    return ".".join(os_version.split(".")[:_RELEASE_NUMBERS])
