"""Asks both clusters, once, for all that checks and plans look at. Nothing is written to them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bascule.checks.inventory import ClusterFacts, HostScope, Inventory
from bascule.errors import BasculeError, NotFoundError
from bascule.ids import Cluster
from bascule.inventory.sources import SOURCES, Source
from bascule.kube.client import KubeClient
from bascule.manifest.objects import ALWAYS_READ, Kind, ManifestObject
from bascule.manifest.parse import parse_object
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.build import build_routes
from bascule.routing.options import BuildOptions

CLUSTER_S = 30.0
"""How long one cluster may take to tell its version and all lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A cluster that is to be asked, and how people know it."""

    client: KubeClient
    name: str
    server: str
    is_awaited: bool = False
    """Whether it is not there yet; then it is not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the inventory is for; `at` is now."""

    at: datetime
    options: BuildOptions
    scope: HostScope


async def fetch_inventory(asked: Mapping[Cluster, Asked], question: Question) -> Inventory:
    """Return both clusters as they are; one that does not answer is a fact, not an error."""
    async with asyncio.TaskGroup() as group:
        tasks = {
            cluster: group.create_task(fetch_cluster(one, question.options.kinds))
            for cluster, one in asked.items()
        }
    clusters = {cluster: task.result() for cluster, task in tasks.items()}
    snapshots = {cluster: facts.snapshot for cluster, facts in clusters.items()}
    routes = await asyncio.to_thread(build_routes, snapshots, options=question.options)
    return Inventory(
        at=question.at,
        clusters=clusters,
        routes=routes,
        options=question.options,
        scope=question.scope,
    )


async def fetch_cluster(asked: Asked, kinds: Iterable[Kind] = ALWAYS_READ) -> ClusterFacts:
    """Return what one cluster says of itself within `CLUSTER_S`, or why it does not.

    `kinds` are those of its objects that matter.
    """
    facts = ClusterFacts(name=asked.name, server=asked.server, is_awaited=asked.is_awaited)
    if asked.is_awaited:
        return facts
    try:
        async with asyncio.timeout(CLUSTER_S):
            version = await asked.client.version()
            facts = replace(facts, version=version.git_version)
            return replace(facts, snapshot=await _fetch_snapshot(asked.client, kinds))
    except TimeoutError:
        return replace(facts, reason=f"it did not tell all within {CLUSTER_S:g} s")
    except BasculeError as error:
        return replace(facts, reason=error.message, remedy=error.remedy)


async def _fetch_snapshot(client: KubeClient, kinds: Iterable[Kind]) -> ClusterSnapshot:
    """Return all objects that routing reads. Raises ApiError, TransportError."""
    objects: list[ManifestObject] = []
    for kind in kinds:
        objects += await _fetch_kind(client, SOURCES[kind])
    return ClusterSnapshot.of(objects)


async def _fetch_kind(client: KubeClient, source: Source) -> list[ManifestObject]:
    try:
        listing = await client.list_all(
            source.resource, selection=source.selection, keep=parse_object
        )
    except NotFoundError:
        if source.is_optional:
            return []
        raise
    return [item for item in listing.items if item is not None]
