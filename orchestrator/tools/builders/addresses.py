"""Addresses of engines and of BuildKit daemons: what of this machine can be reached from there."""

from yarl import URL

from orchestrator.tools.registry.endpoints import is_loopback

_THIS_MACHINE = frozenset({"unix", "npipe"})


def is_elsewhere(address: str) -> bool:
    """Whether connections to an address leave this machine as they are; what ssh carries is its own affair."""
    url = URL(address)
    return url.scheme == "tcp" and not is_loopback(url.host or "")


def reaches(address: str, registry: str) -> bool:
    """Whether what listens at an address reaches a registry under the name that we have for it.

    Loopback leads each machine to itself, and each container, too.
    """
    url = URL(address)
    is_this_machine = url.scheme in _THIS_MACHINE or (url.scheme == "tcp" and is_loopback(url.host or ""))
    return is_this_machine or not is_loopback(URL(f"//{registry}").host or "")
