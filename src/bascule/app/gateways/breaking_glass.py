"""Keeps, for each cluster, the document that gives it all requests, for when Bascule is gone.

The files follow each table that was acknowledged: a PUT of one needs no Bascule and no key.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec
import structlog
from typing_extensions import override

from bascule.app.state_dir import StateDir
from bascule.azure.document import Document, object_at, text_at
from bascule.clock import Clock
from bascule.errors import BasculeError
from bascule.gateway.appgw.live import render_split
from bascule.gateway.appgw.merge import read_facts
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.slim import slim
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
from bascule.inventory.azure.asking import Reads
from bascule.private_file import write_private
from bascule.routing.certificates import CertificateStore
from bascule.routing.documents import whole_split
from bascule.routing.model import RoutingTable

RETRY_S = 30.0
"""How long after a look at the gateway that failed the next one comes."""
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.app")


def find_way_back(state_dir: StateDir, cluster: Cluster) -> Path:
    """Return the file with the document that gives `cluster` all requests."""
    return state_dir.path / f"break-glass-{cluster}.json"


def find_left_out(state_dir: StateDir, cluster: Cluster) -> Path:
    """Return the file that lists, for people, what that document does not serve."""
    return state_dir.path / f"break-glass-{cluster}-left-out.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """A document that gives one cluster all requests, and what it does not serve, in words."""

    document: Mapping[str, object]
    left_out: tuple[str, ...] = ()


Build: TypeAlias = Callable[[Document, RoutingTable, Cluster], WayBack]
"""Makes a way back of the gateway as it is and the table that it goes by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose gateway's ways back are kept where; `pause_s` is the least time between two looks."""

    client: Reads
    settings: AppGwSettings
    state_dir: StateDir
    clock: Clock
    pause_s: float = 0.0


class WayBackKeeper:
    """Keeps the files as the newest table and the gateway's document would have them."""

    def __init__(self, place: Place, build: Build) -> None:
        self._place = place
        self._build = build
        self._newest: RoutingTable | None = None
        self._written: tuple[str, str] | None = None
        """Of which routes and which state of the gateway the files are."""
        self._has_newer = asyncio.Event()

    def note(self, table: RoutingTable) -> None:
        """Take the table that the gateway goes by from now on."""
        self._newest = table
        self._has_newer.set()

    def ring(self) -> None:
        """Look at the gateway, which may have been written."""
        self._has_newer.set()

    async def keep_written(self) -> None:
        """Keep the files up to date, until cancelled."""
        clock = self._place.clock
        while True:
            await self._has_newer.wait()
            self._has_newer.clear()
            pause_s = self._place.pause_s
            try:
                await self._look()
            except (BasculeError, OSError) as error:
                _LOG.warning("the documents for an emergency are not up to date", why=str(error))
                pause_s = max(pause_s, RETRY_S)
                self._has_newer.set()
            if pause_s:
                await clock.sleep_until(clock.monotonic_s() + pause_s)

    async def _look(self) -> None:
        settings, table = self._place.settings, self._newest
        if table is None:
            return
        document = await self._place.client.get(settings.gateway_id)
        if document is None or owner_of(object_at(document, "tags")) != settings.owner:
            return
        made_of = (table.routes.digest, text_at(document, "etag"))
        if made_of != self._written:
            await asyncio.to_thread(self._write, document, table)
            self._written = made_of

    def _write(self, document: Document, table: RoutingTable) -> None:
        for cluster in Cluster:
            found, place = self._build(document, table, cluster), self._place.state_dir
            write_private(find_left_out(place, cluster), _render(found.left_out))
            write_private(find_way_back(place, cluster), _render(found.document))


def _render(value: object) -> bytes:
    """Return it for people and for Azure; a gateway of 400 hosts takes milliseconds."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=dict), indent=1)


class KeepsWayBack(GatewayDriver):
    """A driver like the one that it is made of, whose tables a keeper is told of."""

    def __init__(self, driver: GatewayDriver, keeper: WayBackKeeper) -> None:
        self._driver = driver
        self._keeper = keeper

    @override
    def capabilities(self) -> Capabilities:
        return self._driver.capabilities()

    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        applied = await self._driver.apply(table, certificates)
        self._keeper.note(table)
        return applied

    @override
    async def observe(self) -> Observation:
        return await self._driver.observe()

    @override
    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        return await self._driver.measure()


class TurnsBack:
    """Builds ways back of a gateway that chooses the cluster: rules and pools turned, no more."""

    def __init__(self, settings: AppGwSettings) -> None:
        self._settings = settings
        self._translators = {cluster: Translator(settings) for cluster in Cluster}

    def __call__(self, document: Document, table: RoutingTable, cluster: Cluster) -> WayBack:
        """Return what gives `cluster` all requests that `table` leaves it a choice of."""
        turned = table.with_split(whole_split(cluster))
        settings = self._settings
        owns = owns_of(object_at(document, "tags"), prefix=settings.prefix, owner=settings.owner)
        part = self._translators[cluster].translate(turned, read_facts(document, owns))
        body = turn(document, part, owns, tags=tags_of(turned))
        return WayBack(document=slim(body, owns))


def tags_of(table: RoutingTable) -> Mapping[str, str]:
    """Return the tags that tell by which table and split a gateway goes."""
    return {TABLE_TAG: table.digest[:TABLE_DIGITS], SPLIT_TAG: render_split(table.split)}
