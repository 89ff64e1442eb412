"""A network bridge of an engine's own: Docker's default one may belong to another engine, and is not shared safely.

An engine that starts without a bridge even deletes the default one of its neighbour.
"""

import hashlib
import ipaddress
import json
import shlex
from collections.abc import Iterable
from pathlib import Path

from orchestrator.errors import UnavailableError
from orchestrator.tools.process import Runner

# Private addresses (RFC 1918), away from the networks that Docker gives to containers by itself.
_RANGE = ipaddress.IPv4Network("10.213.0.0/16")
_PREFIX_BITS = 24


def name_of(folder: Path) -> str:
    """The bridge of the engine in this folder; short, because a device's name has 15 characters."""
    return f"orc-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def free_subnet(name: str, taken: Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """A subnet that no route leads to; bridges of different names try different ones first.

    Raises ValueError when all are taken.
    """
    used = list(taken)
    subnets = list(_RANGE.subnets(new_prefix=_PREFIX_BITS))
    first = int(hashlib.sha256(name.encode()).hexdigest(), 16) % len(subnets)
    for subnet in (*subnets[first:], *subnets[:first]):
        if not any(subnet.overlaps(other) for other in used):
            return subnet
    raise ValueError(f"every network in {_RANGE} is in use")


async def ensure(name: str, *, runner: Runner) -> None:
    """Have the bridge, with an address and up, as root; safe to repeat."""
    if (await runner.run(("ip", "link", "show", "dev", name), check=False)).returncode == 0:
        return
    routes = json.loads((await runner.run(("ip", "-json", "-4", "route", "show"))).stdout or "[]")
    taken = [ipaddress.IPv4Network(route["dst"]) for route in routes if route.get("dst", "default") != "default"]
    try:
        subnet = free_subnet(name, taken)
    except ValueError as error:
        raise UnavailableError(f"no network for the engine's containers: {error}") from error
    await runner.run(("ip", "link", "add", "name", name, "type", "bridge"))
    await runner.run(("ip", "address", "add", f"{subnet[1]}/{subnet.prefixlen}", "dev", name))
    await runner.run(("ip", "link", "set", "dev", name, "up"))


async def remove(name: str, *, runner: Runner) -> None:
    """Take the bridge away, and the packet filter's rules about it, which the engine leaves behind."""
    shown = await runner.run(("ip", "-json", "-4", "address", "show", "dev", name), check=False)
    if shown.returncode:
        return
    marks = {name, *_networks(shown.stdout)}
    for table in ("filter", "nat"):
        rules = await runner.run(("iptables", "--table", table, "--list-rules"), check=False)
        for rule in rules.stdout.splitlines():
            words = shlex.split(rule)
            if words[0] == "-A" and marks.intersection(words):
                await runner.run(("iptables", "--table", table, "-D", *words[1:]), check=False)
    await runner.run(("ip", "link", "delete", "dev", name), check=False)


def _networks(addresses: str) -> set[str]:
    """The networks of a device, as the packet filter's rules name them."""
    infos = [info for device in json.loads(addresses) for info in device.get("addr_info", ())]
    return {str(ipaddress.IPv4Interface(f"{info['local']}/{info['prefixlen']}").network) for info in infos}
