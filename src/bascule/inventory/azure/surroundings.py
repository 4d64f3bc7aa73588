"""Reads the networks that clusters and gateway stand in, with the rules and routes on them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bascule.azure.document import Document, list_at, text_at
from bascule.checks.azure.ids import name_of, parent_id
from bascule.checks.azure.network_facts import (
    NetworkFacts,
    SubnetFacts,
)
from bascule.checks.azure.unreadable import Unreadable
from bascule.inventory.azure.asking import Asker
from bascule.inventory.azure.networks import (
    read_network,
    read_route_table,
    read_security_group,
    read_subnet,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Networks and subnets by their ids in lower case."""

    networks: Mapping[str, NetworkFacts | Unreadable] = field(default_factory=dict)
    subnets: Mapping[str, SubnetFacts | Unreadable] = field(default_factory=dict)


async def fetch_surroundings(asker: Asker, subnet_ids: Iterable[str]) -> Surroundings:
    """Return the subnets of these ids and their networks; one request for each network."""
    wanted = {each.lower(): each for each in sorted(subnet_ids) if each}
    homes = {parent_id(each).lower(): parent_id(each) for each in wanted.values()}
    documents = await _fetch_each(asker, "the network", homes)
    networks = {
        key: found if isinstance(found, Unreadable) else read_network(found)
        for key, found in documents.items()
    }
    raw = {key: _find_subnet(each, documents) for key, each in wanted.items()}
    subnets = await _with_rules(asker, raw)
    return Surroundings(networks=networks, subnets=subnets)


def _find_subnet(
    subnet_id: str, networks: Mapping[str, Document | Unreadable]
) -> Document | Unreadable:
    network = networks[parent_id(subnet_id).lower()]
    if isinstance(network, Unreadable):
        return replace(network, what=f"the subnet {name_of(subnet_id)}")
    for subnet in list_at(network, "properties", "subnets"):
        if text_at(subnet, "name").lower() == name_of(subnet_id).lower():
            return subnet
    return Unreadable(
        what=f"the subnet {name_of(subnet_id)}",
        reason=f"its network {text_at(network, 'name')} has no such subnet",
        remedy="look at its name",
    )


async def _with_rules(
    asker: Asker, raw: Mapping[str, Document | Unreadable]
) -> dict[str, SubnetFacts | Unreadable]:
    known = {key: each for key, each in raw.items() if not isinstance(each, Unreadable)}
    group_ids = {key: _reference(each, "networkSecurityGroup") for key, each in known.items()}
    table_ids = {key: _reference(each, "routeTable") for key, each in known.items()}
    async with asyncio.TaskGroup() as tasks:
        groups = tasks.create_task(
            _fetch_each(asker, "the security group", _by_key(group_ids.values()))
        )
        tables = tasks.create_task(
            _fetch_each(asker, "the route table", _by_key(table_ids.values()))
        )
    found: dict[str, SubnetFacts | Unreadable] = {}
    for key, each in raw.items():
        if isinstance(each, Unreadable):
            found[key] = each
            continue
        found[key] = replace(
            read_subnet(each, parent_id(text_at(each, "id") or key)),
            security_group=_pick(groups.result(), group_ids[key], read_security_group),
            route_table=_pick(tables.result(), table_ids[key], read_route_table),
        )
    return found


async def _fetch_each(
    asker: Asker, what: str, ids: Mapping[str, str]
) -> dict[str, Document | Unreadable]:
    async with asyncio.TaskGroup() as tasks:
        asked = {
            key: tasks.create_task(asker.get(f"{what} {name_of(each)}", each))
            for key, each in ids.items()
        }
    return {key: task.result() for key, task in asked.items()}


def _pick(
    documents: Mapping[str, Document | Unreadable],
    resource_id: str,
    read: Callable[[Document], T],
) -> T | Unreadable | None:
    found = documents.get(resource_id.lower())
    return found if found is None or isinstance(found, Unreadable) else read(found)


def _reference(subnet: Document, field_name: str) -> str:
    return text_at(subnet, "properties", field_name, "id")


def _by_key(ids: Iterable[str]) -> dict[str, str]:
    return {each.lower(): each for each in ids if each}
