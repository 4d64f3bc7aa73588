"""The Envoys of this machine, asked together: what they count, and what they really hold."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bascule.errors import DriverError, TransportError
from bascule.gateway.driver import ClusterTraffic
from bascule.gateway.envoy.admin import AdminClient
from bascule.gateway.envoy.previews import Ledger
from bascule.gateway.envoy.snapshot import Kind, Snapshot
from bascule.gateway.envoy.statistics import add_traffic
from bascule.ids import Cluster
from bascule.routing.model import Backend
from bascule.routing.naming import read_tag

HEALTH_TIMEOUT_S = 5.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What was read: `foreign` says what somebody else changed, `silence` who did not answer."""

    traffic: Mapping[Cluster, ClusterTraffic] = field(default_factory=dict)
    foreign: str = ""
    silence: str = ""


class _Looks:
    """Looks of one kind at each Envoy, one after another: figures of users need their order."""

    def __init__(self, instances: int) -> None:
        self._turn = asyncio.Lock()
        self._ledgers = [{cluster: Ledger() for cluster in Cluster} for _ in range(instances)]

    async def take(
        self, admins: Sequence[AdminClient], *, has_latency: bool
    ) -> Mapping[Cluster, ClusterTraffic]:
        """Return what all Envoys count. Raises TransportError when one does not answer."""
        async with self._turn:
            found = [await admin.fetch_counted(has_latency=has_latency) for admin in admins]
            users = [
                {cluster: ledger.take(one[cluster]) for cluster, ledger in ledgers.items()}
                for one, ledgers in zip(found, self._ledgers, strict=True)
            ]
        return {c: add_traffic(one[c] for one in users) for c in Cluster} if users else {}


class Instances:
    """The Envoys whose admin sockets we can reach; none of those that run elsewhere."""

    def __init__(self, admin_sockets: Sequence[Path]) -> None:
        self._admins = tuple(AdminClient(path) for path in admin_sockets)
        self._healthy: dict[Cluster, object] = {}
        self._seen = _Looks(len(self._admins))
        self._measured = _Looks(len(self._admins))

    def __len__(self) -> int:
        return len(self._admins)

    async def fetch_read_back(
        self, snapshots: Sequence[Snapshot], runtime: Mapping[str, int]
    ) -> ReadBack:
        """Return what all of them count and how they differ from what they acknowledged.

        The routes may be those of any of `snapshots`: one may be under way. `runtime` are the keys
        that they were sent.
        """
        keys = {key: str(value) for key, value in runtime.items()}
        versions = {r.version for s in snapshots for r in s.of(Kind.ROUTES).values()}
        try:
            foreign = ""
            traffic = await self._seen.take(self._admins, has_latency=False)
            for admin in self._admins:
                foreign = foreign or await _find_foreign(admin, keys, versions)
        except TransportError as error:
            return ReadBack(silence=error.message)
        return ReadBack(traffic=traffic, foreign=foreign)

    async def fetch_traffic(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what all of them count, latencies with it; empty when one does not answer."""
        try:
            return await self._measured.take(self._admins, has_latency=True)
        except TransportError:
            return {}

    async def wait_until_listening(self) -> None:
        """Return when each Envoy that can be asked has opened its ports; waits for ever."""
        for admin in self._admins:
            with suppress(TransportError):
                while True:
                    if await admin.is_listening():
                        break
                    await asyncio.sleep(POLL_S)

    async def require_healthy(
        self, cluster: Cluster, backends: tuple[Backend, ...], proof: object
    ) -> None:
        """Return when each Envoy has a healthy endpoint in `cluster`, if the table has one.

        A proof is kept and read once: the same `proof` object needs no new look, which keeps the
        cost of a switch apart from the number of routes. An Envoy that cannot be asked is judged
        by its acknowledgements. Raises DriverError when there is none within HEALTH_TIMEOUT_S.
        """
        if self._healthy.get(cluster) is proof:
            return
        name = next((b.name for b in backends if b.cluster is cluster and b.endpoints), None)
        if name is not None:
            for admin in self._admins:
                try:
                    await _wait_for_health(admin, cluster, read_tag(name))
                except TransportError:
                    continue
        self._healthy[cluster] = proof


async def _find_foreign(admin: AdminClient, keys: Mapping[str, str], versions: set[str]) -> str:
    runtime = await admin.fetch_runtime()
    ours = {k: v for k, v in runtime.items() if k.startswith("bascule.") and v != "0"}
    if ours != keys:
        return f"Envoy's runtime holds {ours or 'nothing'}, not {dict(keys) or 'nothing'}"
    if not versions.issuperset(await admin.fetch_route_versions()):
        return "Envoy holds other routes than those that it acknowledged"
    return ""


async def _wait_for_health(admin: AdminClient, cluster: Cluster, tag: str) -> None:
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT_S):
            while True:
                if await admin.has_healthy(tag):
                    return
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise DriverError(
            f"no endpoint of {cluster} is healthy in Envoy, so nothing was switched to it",
            remedy=f"see whether the pods of {cluster} are ready, then switch again",
        ) from None
