"""Envoy behind the driver protocol: what is to be live is published, and acknowledged."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from bascule.clock import Clock
from bascule.errors import BasculeError, DriverError, OutcomeUnknownError, StaleWriterError
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    ClusterTraffic,
    Convergence,
    Observation,
)
from bascule.gateway.envoy.consistency import ConsistencyCheck
from bascule.gateway.envoy.instances import Instances, ReadBack
from bascule.gateway.envoy.server import AdsServer, MutualTls, refusal
from bascule.gateway.envoy.snapshot import EMPTY_SNAPSHOT, Kind, Snapshot, diff_kind
from bascule.gateway.envoy.stance import LAYER_NAME, Stance, build_runtime, plan_flip
from bascule.gateway.envoy.steps import take_steps
from bascule.gateway.envoy.translate import NOTHING, Translation, translate_in_steps
from bascule.ids import Cluster
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RouteSet, RoutingTable
from bascule.routing.naming import PLAIN_TAGS, Tags
from bascule.routing.weights import Split

ACK_TIMEOUT_S = 30.0
READ_BACK_TRIES = 5
READ_BACK_PAUSE_S = 0.05
SETTLE_S = 30.0
"""So long after a switch the routes are left alone: a rollback then never waits behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixListen:
    """Serve xDS to Envoys on this machine."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpListen:
    """Serve xDS to Envoys elsewhere, with mutual TLS."""

    address: str
    tls: MutualTls


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """What was acknowledged last, and what is published now."""

    table: RoutingTable
    certificates: CertificateStore
    stance: Stance
    translation: Translation


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why the last call did not bring about what it was asked for."""

    convergence: Convergence
    reason: str


class EnvoyDriver:
    """Implements `bascule.gateway.driver.GatewayDriver` for every Envoy that connects.

    Use it as an async context manager, entered and left by one task. `fence` raises
    StaleWriterError once another owner has taken over: it is called right before anything is sent
    to an Envoy, nothing is sent then, and the error ends the block.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        listen: UnixListen | TcpListen,
        admin_sockets: Sequence[Path] = (),
        instances_min: int = 1,
        ack_timeout_s: float = ACK_TIMEOUT_S,
        settle_s: float = SETTLE_S,
        fence: Callable[[], None] | None = None,
    ) -> None:
        self._clock = clock
        self._listen = listen
        self._instances = Instances(admin_sockets)
        self._instances_min = instances_min
        self._ack_timeout_s = ack_timeout_s
        self._settle_s = settle_s
        self._stack = AsyncExitStack()
        self._server = AdsServer() if fence is None else AdsServer(fence)
        self._check = ConsistencyCheck()
        self._lock = asyncio.Lock()
        self._tasks: asyncio.TaskGroup | None = None
        self._consolidation: asyncio.Task[None] | None = None
        self._live: _Live | None = None
        self._published: Stance | None = None
        """The stance that Envoys may hold beside the live one, while a push is under way."""
        self._due_s = 0.0
        """When the configured weights may follow the last switch."""
        self._wanted: RoutingTable | None = None
        self._trouble: _Trouble | None = None
        self.port: int | None = None
        self.tags: Tags = PLAIN_TAGS
        """What the names of backends begin with; to be set before the first `apply`."""
        self.proxies = 0
        """How many proxies of ours stand before each Envoy; to be set before the first `apply`."""

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._server)
        if isinstance(self._listen, UnixListen):
            await self._server.listen_unix(self._listen.path)
        else:
            self.port = await self._server.listen_tcp(self._listen.address, self._listen.tls)
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        return self

    async def watch_lease(self) -> None:
        """Raise StaleWriterError when another owner has taken over; wait for it for ever.

        No task of the driver's own raises it: that would cancel whatever its user awaits just then.
        """
        await self._server.wait_for_lapse()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._stop_consolidation()
        await self._stack.aclose()

    @property
    def instances(self) -> int:
        """How many Envoys are connected."""
        return len(self._server.sessions)

    @property
    def is_pushing(self) -> bool:
        """Whether something was sent that is not acknowledged yet."""
        return self._published is not None

    def capabilities(self) -> Capabilities:
        """Return what Envoy can do: shares by a hundredth of a percent, and an atomic switch."""
        return Capabilities(
            weight_step_bp=1,
            has_sticky_sessions=True,
            has_mirroring=True,
            has_preview_by_header=True,
            has_drain=True,
            is_switch_atomic=True,
            traffic_kinds=frozenset({"http1", "http2", "websocket", "grpc"}),
        )

    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        """Make `table` live and return when every connected Envoy acknowledged it.

        A change of the split to all or nothing is one small message; the routes follow later, in
        the background. Raises DriverError when an Envoy refuses (all keep or get back the last
        good state), OutcomeUnknownError when no acknowledgement came in time, or when an Envoy went
        away while the split changed: it may go by the former one. Raises StaleWriterError when
        another owner has taken over: nothing is sent.
        """
        await self._stop_consolidation()
        async with self._lock:
            self._wanted = table
            is_new_split = self._live is not None and table.split != self._live.table.split
            sent_s = self._clock.monotonic_s()
            there = self._server.nodes()
            try:
                async with asyncio.timeout(self._ack_timeout_s):
                    is_split_only = await self._bring_about(table, certificates)
                    if is_new_split:
                        await self._server.wait_for_return(there)
            except TimeoutError:
                raise self._note_silence(there) from None
            except StaleWriterError:
                raise
            except BasculeError as error:
                self._go_back(error)
                raise
            self._trouble = None
            acknowledged_s = self._clock.monotonic_s()
        self._plan_consolidation()
        return Applied(
            table_digest=table.digest,
            sent_s=sent_s,
            acknowledged_s=acknowledged_s,
            instances=len(self._server.sessions),
            is_split_only=is_split_only,
        )

    def _note_silence(self, there: Counter[str]) -> OutcomeUnknownError:
        reason = self._explain_silence(there)
        self._trouble = _Trouble(Convergence.PENDING, reason)
        return OutcomeUnknownError(
            f"no acknowledgement within {self._ack_timeout_s:g} s: {reason}",
            remedy="look with `bascule status`; it is sent again when Envoy is back",
        )

    def _go_back(self, refused: BasculeError) -> None:
        """Offer all Envoys the last good state again."""
        self._trouble = _Trouble(Convergence.REFUSED, refused.message)
        self._server.publish(self._live.translation.snapshot if self._live else None)
        self._plan_consolidation()

    async def _bring_about(self, table: RoutingTable, certificates: CertificateStore) -> bool:
        live = self._live
        if live is None:
            await self._push_routes(
                table, certificates, Stance(table.split, tags=self.tags, proxies=self.proxies)
            )
            return False
        if self._server.rejections():
            self._server.retry_refused()
        forced = self._plan_flip(table.split)
        is_same = (
            _is_same_store(live.certificates, certificates)
            and live.table.arrangement == table.arrangement
            and _is_same(live.table.routes, table.routes)
        )
        is_due = bool(live.stance.forced) and self._clock.monotonic_s() >= self._due_s
        if forced is None or (is_due and table.split == live.table.split):
            # The keys in force outrank the new weights until every Envoy has them.
            await self._push_routes(
                table, certificates, replace(live.stance, configured=table.split)
            )
            await self._push_runtime(table, {})
            return False
        if not is_same:
            await self._push_routes(table, certificates, live.stance)
        for cluster in sorted(set(forced.values())):
            await self._require_healthy(cluster)
        await self._push_runtime(table, forced)
        if table.split != live.table.split:
            self._due_s = self._clock.monotonic_s() + self._settle_s
        return is_same and table.split != live.table.split

    async def _require_healthy(self, cluster: Cluster) -> None:
        live = self._live
        if live is not None:
            proof = live.translation.snapshot.of(Kind.CLUSTER)
            await self._instances.require_healthy(cluster, live.translation.backends, proof)

    def _plan_flip(self, wanted: Split) -> Mapping[str, Cluster] | None:
        live = self._live
        if live is None:
            return None
        forced = plan_flip(live.stance.configured, wanted)
        if self._published is None or forced is None:
            return forced
        # A push of routes was cut short: some Envoys may have it and some not.
        other = plan_flip(self._published.configured, wanted)
        return None if other is None else MappingProxyType({**other, **forced})

    async def _push_routes(
        self, table: RoutingTable, certificates: CertificateStore, stance: Stance
    ) -> None:
        previous = self._live.translation if self._live else NOTHING
        translation = await take_steps(
            translate_in_steps(
                table.routes, stance, certificates, previous, arrangement=table.arrangement
            )
        )
        await take_steps(self._check.check_in_steps(translation.snapshot))
        self._published = stance
        await self._publish(translation.snapshot)
        listeners = translation.snapshot.of(Kind.LISTENER)
        if listeners is not previous.snapshot.of(Kind.LISTENER):
            # A listener is acknowledged a little before it opens its port.
            await self._instances.wait_until_listening()
        self._published = None
        self._live = _Live(
            table=table.with_split(stance.effective),
            certificates=certificates,
            stance=stance,
            translation=translation,
        )

    async def _push_runtime(self, table: RoutingTable, forced: Mapping[str, Cluster]) -> None:
        live = self._live
        published = self._server.snapshot
        if live is None or published is None:
            return
        runtime = {Kind.RUNTIME: {LAYER_NAME: build_runtime(forced, live.stance.tags)}}
        if forced != live.stance.forced or published.of(Kind.RUNTIME) != runtime[Kind.RUNTIME]:
            await self._publish(published.replacing(runtime), (Kind.RUNTIME,))
        self._live = _Live(
            table=live.table.with_split(table.split),
            certificates=live.certificates,
            stance=replace(live.stance, forced=forced),
            translation=live.translation.under(live.translation.snapshot.replacing(runtime)),
        )

    async def _publish(self, snapshot: Snapshot, kinds: Iterable[Kind] = Kind) -> None:
        live = self._live.translation.snapshot if self._live else EMPTY_SNAPSHOT
        # What was published and not acknowledged may be in force as well as what is live.
        published = self._server.snapshot or live
        expected: dict[Kind, Mapping[str, str | None]] = {}
        for kind in kinds:
            versions = {**_expect(kind, live, snapshot), **_expect(kind, published, snapshot)}
            if versions:
                expected[kind] = versions
        self._server.publish(snapshot)
        await self._server.wait_for(expected, instances_min=self._instances_min)

    def _explain_silence(self, there: Counter[str]) -> str:
        count = len(self._server.sessions)
        if count < self._instances_min:
            return f"{count} of at least {self._instances_min} Envoys are connected"
        if left := sorted(there - self._server.nodes()):
            return f"{', '.join(left)} went away and may go by the former split"
        return f"{count} Envoys are connected, and not all have answered"

    async def _stop_consolidation(self) -> None:
        task, self._consolidation = self._consolidation, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _plan_consolidation(self) -> None:
        if self._tasks is not None:
            self._consolidation = self._tasks.create_task(self._consolidate())

    async def _consolidate(self) -> None:
        """Get ready for the next switch, and make the split of the last one the configured one.

        An Envoy that starts without us then serves the cluster that it should.
        """
        with suppress(DriverError):  # It is told when somebody wants to switch there.
            for cluster in Cluster:
                await self._require_healthy(cluster)
        live = self._live
        if live is None or not live.stance.forced:
            return
        await self._clock.sleep_until(self._due_s)
        async with self._lock:
            stance = replace(live.stance, configured=live.table.split)
            try:
                async with asyncio.timeout(self._ack_timeout_s):
                    await self._push_routes(live.table, live.certificates, stance)
                    await self._push_runtime(live.table, {})
            except StaleWriterError:
                return  # `watch_lease` says so
            except (BasculeError, TimeoutError) as error:
                reason = f"the configured weights could not follow the switch: {error}"
                self._trouble = _Trouble(Convergence.CONVERGED, reason)

    async def observe(self) -> Observation:
        """Return what is live on all connected Envoys; never raises."""
        count = self.instances
        live = self._live
        if live is None or count < self._instances_min:
            return self._describe_nothing(count)
        seen = await self._fetch_read_back(live)
        for _ in range(READ_BACK_TRIES):
            # What differs while a push is under way is ours.
            if not seen.foreign or (self._live is live and not self._lock.locked()):
                break
            await self._clock.sleep_until(self._clock.monotonic_s() + READ_BACK_PAUSE_S)
            live = self._live or live
            seen = await self._fetch_read_back(live)
        convergence, reason = self._judge(live, seen)
        return Observation(
            convergence=convergence,
            reason=reason,
            table_digest=live.table.digest,
            split=live.table.split,
            instances=count,
            traffic=seen.traffic if len(self._instances) >= count else {},
        )

    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what the Envoys count for each cluster; empty when one cannot be asked."""
        if len(self._instances) < max(self.instances, 1):
            return {}
        return await self._instances.fetch_traffic()

    def _describe_nothing(self, count: int) -> Observation:
        is_absent = count < self._instances_min
        trouble = self._trouble
        if trouble is not None and not is_absent:
            return Observation(
                convergence=trouble.convergence, reason=trouble.reason, instances=count
            )
        return Observation(
            convergence=Convergence.UNKNOWN if is_absent else Convergence.PENDING,
            reason=self._explain_silence(Counter())
            if is_absent
            else "nothing was acknowledged yet",
            instances=count,
        )

    async def _fetch_read_back(self, live: _Live) -> ReadBack:
        snapshots = [live.translation.snapshot]
        if self._server.snapshot is not None:
            snapshots.append(self._server.snapshot)
        return await self._instances.fetch_read_back(snapshots, live.stance.keys)

    def _judge(self, live: _Live, seen: ReadBack) -> tuple[Convergence, str]:
        if rejections := self._server.rejections():
            return Convergence.REFUSED, refusal(rejections[0]).message
        trouble = self._trouble
        if self._wanted is not None and self._wanted.digest != live.table.digest:
            if trouble is None or self._lock.locked():
                return Convergence.PENDING, "waiting for acknowledgements"
            return trouble.convergence, trouble.reason
        if not self._all_hold_runtime(live):
            return Convergence.PENDING, "an Envoy has not acknowledged the split yet"
        if seen.silence:
            return Convergence.UNKNOWN, seen.silence
        if seen.foreign:
            return Convergence.FOREIGN_CHANGE, seen.foreign
        return Convergence.CONVERGED, "" if trouble is None else trouble.reason

    def _all_hold_runtime(self, live: _Live) -> bool:
        published = self._server.snapshot or live.translation.snapshot
        version = published.of(Kind.RUNTIME)[LAYER_NAME].version
        return all(
            session.has_acknowledged(Kind.RUNTIME, LAYER_NAME, version)
            for session in self._server.sessions
        )


def _expect(kind: Kind, before: Snapshot, wanted: Snapshot) -> Mapping[str, str | None]:
    """Return the versions of `kind` to be acknowledged on the way from `before` to `wanted`."""
    delta = diff_kind(before.of(kind), wanted.of(kind))
    gone = delta.removed if kind in {Kind.CLUSTER, Kind.LISTENER} else ()
    return {**{r.name: r.version for r in delta.changed}, **dict.fromkeys(gone)}


def _is_same(a: RouteSet, b: RouteSet) -> bool:
    return a is b or a.digest == b.digest


def _is_same_store(a: CertificateStore, b: CertificateStore) -> bool:
    return a is b or a.by_digest.keys() == b.by_digest.keys()
