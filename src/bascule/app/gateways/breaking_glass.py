"""Keeps, for each cluster, the document that gives it all requests, for when Bascule is gone.

The files follow each table that was acknowledged: a PUT of one needs no Bascule and no key.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from typing_extensions import override

from bascule.app.files import write_private
from bascule.app.gateways.before import render_document
from bascule.app.state_dir import StateDir
from bascule.azure.client import ArmClient
from bascule.azure.document import Document, object_at
from bascule.errors import BasculeError
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.live import render_split
from bascule.gateway.appgw.merge import read_facts
from bascule.gateway.appgw.part import Facts, Part
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.appgw.way_back import turn
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    ClusterTraffic,
    GatewayDriver,
    Observation,
)
from bascule.gateway.ownership import SPLIT_TAG, TABLE_DIGITS, TABLE_TAG, owner_of, owns_of
from bascule.ids import Cluster
from bascule.routing.certificates import CertificateStore
from bascule.routing.documents import whole_split
from bascule.routing.model import RoutingTable

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.app")


def find_way_back(state_dir: StateDir, cluster: Cluster) -> Path:
    """Return the file with the document that gives `cluster` all requests."""
    return state_dir.path / f"break-glass-{cluster}.json"


class KeepsWayBack(GatewayDriver):
    """A driver like the one that it is made of, whose tables' ways back are kept in files."""

    def __init__(
        self,
        driver: AppGwDriver,
        *,
        client: ArmClient,
        settings: AppGwSettings,
        state_dir: StateDir,
    ) -> None:
        self._driver = driver
        self._client = client
        self._settings = settings
        self._state_dir = state_dir
        self._translators = {cluster: Translator(settings) for cluster in Cluster}
        self._newest: RoutingTable | None = None
        self._has_newer = asyncio.Event()

    @override
    def capabilities(self) -> Capabilities:
        return self._driver.capabilities()

    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        applied = await self._driver.apply(table, certificates)
        self._newest = table
        self._has_newer.set()
        return applied

    @override
    async def observe(self) -> Observation:
        return await self._driver.observe()

    @override
    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        return await self._driver.measure()

    async def watch(self) -> None:
        """Keep the files up to date, and raise what watching the driver's lease raises."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._driver.watch_lease())
            group.create_task(self._keep_written())

    async def _keep_written(self) -> None:
        while True:
            await self._has_newer.wait()
            self._has_newer.clear()
            table = self._newest
            if table is None:
                continue
            try:
                document = await self._client.get(self._settings.gateway_id)
                if document is not None and self._is_ours(document):
                    await asyncio.to_thread(self._write, document, table)
            except (BasculeError, OSError) as error:
                _LOG.warning("the documents for an emergency are not up to date", why=str(error))

    def _is_ours(self, document: Document) -> bool:
        return owner_of(object_at(document, "tags")) == self._settings.owner

    def _write(self, document: Document, table: RoutingTable) -> None:
        for cluster, translator in self._translators.items():
            body = build_way_back(
                document, table, cluster, settings=self._settings, translate=translator.translate
            )
            write_private(find_way_back(self._state_dir, cluster), render_document(body))


def build_way_back(
    document: Document,
    table: RoutingTable,
    cluster: Cluster,
    *,
    settings: AppGwSettings,
    translate: Callable[[RoutingTable, Facts], Part],
) -> dict[str, object]:
    """Return the document that gives `cluster` all requests that `table` leaves it a choice of."""
    turned = table.with_split(whole_split(cluster))
    owns = owns_of(object_at(document, "tags"), prefix=settings.prefix, owner=settings.owner)
    tags = {TABLE_TAG: turned.digest[:TABLE_DIGITS], SPLIT_TAG: render_split(turned.split)}
    return turn(document, translate(turned, read_facts(document, owns)), owns, tags=tags)
