"""An engine's own bridge: its name, its network, and how it comes and goes."""

import ipaddress
import json
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from orchestrator.errors import UnavailableError
from orchestrator.tools.engine.bridges import ensure, free_subnet, name_of, remove
from tests.fake_runner import Answer, FakeRunner

NAME = "orc-0000"
LINUX_DEVICE_NAME_MAX = 15


def test_each_folder_has_a_bridge_of_its_own() -> None:
    names = {name_of(Path(folder)) for folder in ("/srv/one/engine", "/srv/two/engine")}

    assert len(names) == 2
    assert max(map(len, names)) <= LINUX_DEVICE_NAME_MAX


def test_a_subnet_that_a_route_leads_to_is_not_taken() -> None:
    first = free_subnet(NAME, [])

    second = free_subnet(NAME, [first, IPv4Network("192.0.2.0/24")])

    assert second.prefixlen == 24
    assert not second.overlaps(first)


def test_when_all_is_taken_that_is_said() -> None:
    with pytest.raises(ValueError, match=r"every network in 10\.213\.0\.0/16 is in use"):
        free_subnet(NAME, [IPv4Network("10.0.0.0/8")])


async def test_a_new_bridge_gets_a_free_address() -> None:
    taken = free_subnet(NAME, [])
    routes = [{"dst": "default"}, {"dst": str(taken)}, {"dst": "192.0.2.7"}]
    runner = FakeRunner({"ip link show": Answer(1), "ip -json -4 route": Answer(stdout=json.dumps(routes))})

    await ensure(NAME, runner=runner)

    subnet = free_subnet(NAME, [taken])
    assert runner.asked[2:] == [
        ("ip", "link", "add", "name", NAME, "type", "bridge"),
        ("ip", "address", "add", f"{subnet[1]}/24", "dev", NAME),
        ("ip", "link", "set", "dev", NAME, "up"),
    ]


async def test_a_bridge_that_is_there_stays_as_it_is() -> None:
    runner = FakeRunner()

    await ensure(NAME, runner=runner)

    assert runner.asked == [("ip", "link", "show", "dev", NAME)]


async def test_without_a_free_network_nothing_is_made() -> None:
    routes = json.dumps([{"dst": "10.0.0.0/8"}])
    runner = FakeRunner({"ip link show": Answer(1), "ip -json -4 route": Answer(stdout=routes)})

    with pytest.raises(UnavailableError, match="no network for the engine's containers"):
        await ensure(NAME, runner=runner)

    assert not [command for command in runner.asked if "add" in command]


async def test_only_its_own_rules_go_with_it() -> None:
    interface = ipaddress.IPv4Interface("10.213.7.1/24")
    addresses = [{"addr_info": [{"local": str(interface.ip), "prefixlen": 24}]}]
    nat = f"-P POSTROUTING ACCEPT\n-A POSTROUTING -s 10.213.7.0/24 ! -o {NAME} -j MASQUERADE\n-A X -s 10.0.0.0/8 -j Y\n"
    runner = FakeRunner(
        {
            "ip -json -4 address": Answer(stdout=json.dumps(addresses)),
            "iptables --table filter --list-rules": Answer(stdout=f"-A FORWARD -o {NAME} -j DOCKER\n-A FORWARD -j X\n"),
            "iptables --table nat --list-rules": Answer(stdout=nat),
        }
    )

    await remove(NAME, runner=runner)

    assert [command for command in runner.asked if "-D" in command or "delete" in command] == [
        ("iptables", "--table", "filter", "-D", "FORWARD", "-o", NAME, "-j", "DOCKER"),
        ("iptables", "--table", "nat", "-D", "POSTROUTING", "-s", "10.213.7.0/24", "!", "-o", NAME, "-j", "MASQUERADE"),
        ("ip", "link", "delete", "dev", NAME),
    ]


async def test_a_bridge_that_is_not_there_is_not_removed() -> None:
    runner = FakeRunner({"ip": Answer(1)})

    await remove(NAME, runner=runner)

    assert len(runner.asked) == 1
