"""Reads all that the checks of the platform look at, with reads alone and a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bascule.azure.document import Document, text_at
from bascule.checks.azure.facts import (
    AksFacts,
    AzureFacts,
    Backends,
    InsideFacts,
    Lock,
    NodeGroupFacts,
    Permission,
    Policy,
    SizeFacts,
    Usage,
    Versions,
)
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.ids import name_of, resource_group_id, subscription_id
from bascule.checks.azure.rights import list_needs
from bascule.checks.azure.unreadable import Unreadable
from bascule.inventory.azure.asking import Asker, Reads
from bascule.inventory.azure.clusters import api_host, read_cluster
from bascule.inventory.azure.gateways import read_gateway
from bascule.inventory.azure.governance import read_locks, read_permissions, read_policies
from bascule.inventory.azure.node_groups import fetch_internal_addresses, fetch_node_group
from bascule.inventory.azure.regions import read_sizes, read_usages, read_versions
from bascule.inventory.azure.surroundings import fetch_surroundings

T = TypeVar("T")
FLUX = "Microsoft.KubernetesConfiguration/fluxConfigurations"
Reach = Callable[[str], Awaitable[str]]
"""Tells why a host's API does not answer from here; empty when it does."""
LookInside = Callable[[], Awaitable[InsideFacts | Unreadable]]
Derive = Callable[[Document], Document]
"""From blue's document to that of the green that is to be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureQuestion:
    """What is to be looked at."""

    blue_id: str
    gateway_id: str
    green_id: str = ""
    """A cluster that exists; empty: `derive` says what is to be made."""
    derive: Derive
    backends: Backends = Backends.PODS
    approved: frozenset[str] = frozenset()
    reach: Reach
    inside: Mapping[str, LookInside] = field(default_factory=dict)
    """How to look inside `blue` and `green`, where it is known how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parties:
    """The two clusters and the gateway, as they were read."""

    blue: AksFacts | Unreadable
    green: AksFacts | Unreadable
    gateway: GatewayFacts | Unreadable

    @property
    def clusters(self) -> tuple[AksFacts, ...]:
        return tuple(each for each in (self.blue, self.green) if isinstance(each, AksFacts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Region:
    """What the region offers."""

    versions: Versions | Unreadable
    sizes: Mapping[str, SizeFacts] | Unreadable
    usages: tuple[Usage, ...] | Unreadable


async def fetch_azure(arm: Reads, question: AzureQuestion) -> AzureFacts:
    """Return Azure as it is now; what does not answer or may not be read is a value in it."""
    asker = Asker(arm)
    parties = await _fetch_parties(asker, question)
    subscription = subscription_id(question.blue_id)
    needs = list_needs(parties.gateway, parties.blue, parties.green)
    async with asyncio.TaskGroup() as tasks:
        region = tasks.create_task(_fetch_region(asker, subscription, parties))
        around = tasks.create_task(fetch_surroundings(asker, _subnet_ids(parties)))
        held = tasks.create_task(_fetch_permissions(asker, [need.scope for need in needs]))
        locks = tasks.create_task(_fetch_locks(asker, subscription))
        policies = tasks.create_task(_fetch_policies(asker, resource_group_id(question.blue_id)))
        group = tasks.create_task(_fetch_group(asker, parties))
        inside = tasks.create_task(_fetch_inside(question))
        gitops = tasks.create_task(_fetch_gitops(asker, parties))
    return AzureFacts(
        blue=parties.blue,
        green=parties.green,
        gateway=parties.gateway,
        versions=region.result().versions,
        sizes=region.result().sizes,
        usages=region.result().usages,
        subnets=around.result().subnets,
        networks=around.result().networks,
        permissions=held.result(),
        locks=locks.result(),
        policies=policies.result(),
        node_group=group.result(),
        inside=inside.result(),
        gitops=gitops.result(),
        backends=question.backends,
        approved=question.approved,
    )


async def _fetch_parties(asker: Asker, question: AzureQuestion) -> _Parties:
    async with asyncio.TaskGroup() as tasks:
        blue = tasks.create_task(asker.get(_cluster(question.blue_id), question.blue_id))
        gateway = tasks.create_task(
            asker.get(f"the gateway {name_of(question.gateway_id)}", question.gateway_id)
        )
        green = (
            tasks.create_task(asker.get(_cluster(question.green_id), question.green_id))
            if question.green_id
            else None
        )
    found = gateway.result()
    old = await _read_existing(asker, question, blue.result())
    if green is not None:
        new = await _read_existing(asker, question, green.result())
    else:
        new = _derive(question, blue.result(), old)
    return _Parties(
        blue=old,
        green=new,
        gateway=found if isinstance(found, Unreadable) else read_gateway(found),
    )


def _cluster(cluster_id: str) -> str:
    return f"the cluster {name_of(cluster_id)}"


async def _read_existing(
    asker: Asker, question: AzureQuestion, document: Document | Unreadable
) -> AksFacts | Unreadable:
    if isinstance(document, Unreadable):
        return document
    cluster = read_cluster(document)
    async with asyncio.TaskGroup() as tasks:
        addresses = tasks.create_task(fetch_internal_addresses(asker, cluster))
        answer = tasks.create_task(_reach(question, document)) if cluster.is_private else None
    return replace(
        cluster,
        internal_addresses=addresses.result(),
        unreached=answer.result() if answer is not None else "",
    )


async def _reach(question: AzureQuestion, document: Document) -> str:
    return await question.reach(api_host(document))


def _derive(
    question: AzureQuestion, document: Document | Unreadable, blue: AksFacts | Unreadable
) -> AksFacts | Unreadable:
    """Return green as it would be made: with as many internal load balancers as blue has."""
    if isinstance(document, Unreadable) or isinstance(blue, Unreadable):
        return Unreadable(
            what="green",
            reason="it is to be made like blue, which cannot be read",
            remedy="see what is said of blue",
        )
    green = read_cluster(question.derive(document), exists=False)
    return replace(green, internal_addresses=blue.internal_addresses)


async def _fetch_region(asker: Asker, subscription: str, parties: _Parties) -> _Region:
    cluster = next(iter(parties.clusters), None)
    if cluster is None:
        unknown = Unreadable(what="the region", reason="no cluster tells which it is")
        return _Region(versions=unknown, sizes=unknown, usages=unknown)
    green = parties.green
    place = green.location if isinstance(green, AksFacts) else cluster.location
    compute = f"{subscription}/providers/Microsoft.Compute"
    clusters = f"{subscription}/providers/Microsoft.ContainerService/locations/{place}"
    async with asyncio.TaskGroup() as tasks:
        versions = tasks.create_task(
            asker.list(f"the versions that {place} offers", f"{clusters}/kubernetesVersions")
        )
        sizes = tasks.create_task(
            asker.list(
                f"the sizes of machines that {place} offers",
                f"{compute}/skus",
                {"$filter": f"location eq '{place}'"},
            )
        )
        usages = tasks.create_task(
            asker.list(f"the quotas of {place}", f"{compute}/locations/{place}/usages")
        )
    return _Region(
        versions=_apply(versions.result(), read_versions),
        sizes=_apply(sizes.result(), lambda found: read_sizes(found, place)),
        usages=_apply(usages.result(), read_usages),
    )


def _apply(
    found: tuple[Document, ...] | Unreadable, read: Callable[[tuple[Document, ...]], T]
) -> T | Unreadable:
    return found if isinstance(found, Unreadable) else read(found)


def _subnet_ids(parties: _Parties) -> set[str]:
    ids = {
        each
        for cluster in parties.clusters
        for pool in cluster.pools
        for each in (pool.subnet_id, pool.pod_subnet_id)
    }
    if isinstance(parties.gateway, GatewayFacts):
        ids.add(parties.gateway.subnet_id)
    return ids


async def _fetch_permissions(
    asker: Asker, scopes: Iterable[str]
) -> dict[str, tuple[Permission, ...] | Unreadable]:
    wanted = {scope.lower(): scope for scope in scopes}
    async with asyncio.TaskGroup() as tasks:
        asked = {
            key: tasks.create_task(
                asker.list(
                    f"what the caller may do on {name_of(scope)}",
                    f"{scope}/providers/Microsoft.Authorization/permissions",
                )
            )
            for key, scope in wanted.items()
        }
    return {key: _apply(task.result(), read_permissions) for key, task in asked.items()}


async def _fetch_locks(asker: Asker, subscription: str) -> tuple[Lock, ...] | Unreadable:
    path = f"{subscription}/providers/Microsoft.Authorization/locks"
    return _apply(await asker.list("the locks of the subscription", path), read_locks)


async def _fetch_policies(asker: Asker, group: str) -> tuple[Policy, ...] | Unreadable:
    path = f"{group}/providers/Microsoft.Authorization/policyAssignments"
    what = f"the policies of {name_of(group)}"
    return _apply(await asker.list(what, path, {"$filter": "atScope()"}), read_policies)


async def _fetch_group(asker: Asker, parties: _Parties) -> NodeGroupFacts | Unreadable:
    if isinstance(parties.blue, Unreadable):
        return replace(parties.blue, what="the node resource group of blue")
    return await fetch_node_group(asker, parties.blue)


async def _fetch_inside(question: AzureQuestion) -> dict[str, InsideFacts | Unreadable]:
    async with asyncio.TaskGroup() as tasks:
        asked = {role: tasks.create_task(_look(look)) for role, look in question.inside.items()}
    return {role: task.result() for role, task in asked.items()}


async def _fetch_gitops(asker: Asker, parties: _Parties) -> dict[str, tuple[str, ...] | Unreadable]:
    async with asyncio.TaskGroup() as tasks:
        asked = {
            role: tasks.create_task(
                asker.list(
                    "the GitOps configurations",
                    f"{cluster.id}/providers/{FLUX}",
                )
            )
            for role, cluster in (("blue", parties.blue), ("green", parties.green))
            if isinstance(cluster, AksFacts) and cluster.exists
        }
    return {role: _apply(task.result(), _names) for role, task in asked.items()}


def _names(found: Iterable[Document]) -> tuple[str, ...]:
    return tuple(sorted(text_at(each, "name") for each in found))


async def _look(look: LookInside) -> InsideFacts | Unreadable:
    return await look()
