"""An Application Gateway behind the driver protocol: a table is one PUT, or none."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from bascule.azure.document import Document, object_at
from bascule.clock import Clock
from bascule.errors import (
    BasculeError,
    DriverError,
    ForeignChangeError,
    InvariantError,
    JournalError,
    LeaseLapsedError,
    OutcomeUnknownError,
)
from bascule.gateway.appgw import abilities
from bascule.gateway.appgw.change import TableChange, find_unusable, is_switch
from bascule.gateway.appgw.culprits import FOR_PROBES, served_hosts
from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.appgw.errors import (
    HeldStillError,
    LostChangeError,
    RefusedError,
    UnusableCertificateError,
)
from bascule.gateway.appgw.left_out import tell_left_out, tell_unusable
from bascule.gateway.appgw.live import read_split
from bascule.gateway.appgw.lookout import Look, Lookout
from bascule.gateway.appgw.mending import LeftOut, Mended, leave_out, write_mended
from bascule.gateway.appgw.merge import read_facts
from bascule.gateway.appgw.part import Choice, Facts
from bascule.gateway.appgw.rivals import tell_waiting
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.appgw.turning import Turning
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.appgw.writes import Change, Supersede, Written
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    ClusterTraffic,
    Convergence,
    Observation,
)
from bascule.gateway.ownership import Owns, owner_of, table_of
from bascule.ids import CertificateDigest, Cluster
from bascule.routing.certificates import CertificateStore
from bascule.routing.documents import whole_split
from bascule.routing.model import Problem, RoutingTable
from bascule.routing.weights import Split

BEING_WRITTEN = "the gateway is being written"
FENCE_S = 1.0
"""How often the lease is looked at while nothing is written."""


class TrafficSource(Protocol):
    """Who counts a gateway's requests."""

    async def read(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what is counted for each cluster; empty when it is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """What was written last and is known to be live."""

    table: RoutingTable
    """As it was asked for."""
    mended: RoutingTable
    """What Azure took of it: less, or older hosts, where it refused some."""
    left_out: tuple[LeftOut, ...]
    document: Document
    is_turned: bool = False
    """Whether the hosts are as they were before the start, which nobody remembers."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why the last call did not bring about what it was asked for."""

    convergence: Convergence
    reason: str


class AppGwDriver:
    """Implements `bascule.gateway.driver.GatewayDriver` for one Application Gateway.

    Nothing of it is in memory that the gateway does not hold too, so that a restart sends nothing.
    `fence` raises StaleWriterError once another owner has taken over.
    """

    def __init__(
        self,
        *,
        writer: GatewayWriter,
        settings: AppGwSettings,
        owns: Owns,
        clock: Clock,
        fence: Callable[[], None],
        traffic: TrafficSource | None = None,
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._owns = owns
        self._clock = clock
        self._fence = fence
        self._traffic = traffic
        self._translator = Translator(settings)
        self._thread: asyncio.Future[Mapping[CertificateDigest, str]] | None = None
        self._lock = asyncio.Lock()
        self._lookout = Lookout(writer, owns=owns, clock=clock)
        self._live: _Live | None = None
        self._tried: RoutingTable | None = None
        """What was begun after `_live` and may be in force, as nobody waited for its end."""
        self._wanted: RoutingTable | None = None
        self._trouble: _Trouble | None = None
        self._approved: tuple[Split, Supersede] | None = None
        """A split that may take the place of what others have begun."""
        self.choice: Choice | None = None
        """By what routes change clusters; None: nothing was written since the start."""
        self.is_moving: Callable[[], bool] = bool
        """Whether an upgrade moves traffic now: then a document that is refused is not mended."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._wait_for_thread()

    def capabilities(self) -> Capabilities:
        """Return what this gateway can do: hosts move whole, and shares only where accepted."""
        return abilities.build_capabilities(self._settings)

    @contextmanager
    def may_cancel(self, split: Split, whose: tuple[str, ...]) -> Iterator[None]:
        """See `bascule.gateway.driver.MayCancel`."""
        self._approved = (split, Supersede(whose=frozenset(whose))) if whose else None
        try:
            yield
        finally:
            self._approved = None

    def waited_for(self) -> tuple[str, ...]:
        """Return whose operations keep our own from being sent now."""
        return self._writer.waited_for

    async def watch_lease(self) -> None:
        """Raise StaleWriterError when another owner has taken over; wait for it for ever.

        A lease that ran out ends nothing as long as nothing is written: it may be renewed yet.
        """
        while True:
            with suppress(LeaseLapsedError):
                self._fence()
            await self._clock.sleep_until(self._clock.monotonic_s() + FENCE_S)

    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        """Make `table` live by one PUT at most; none is sent where the gateway holds it already.

        A call that is broken off leaves its PUT to Azure, and the next one takes its place. Raises
        DriverError when Azure refuses it or somebody else writes the gateway, OutcomeUnknownError
        when no end of the PUT was seen, StaleWriterError when another owner has taken over.
        """
        abilities.refuse_arrangement(table.arrangement)
        abilities.refuse_split(table.split, self._settings)
        async with self._lock:
            self._wanted = table
            try:
                applied = await self._bring_about_or_turn(table, certificates)
            except (JournalError, InvariantError):
                raise
            except BasculeError as error:
                raise self._note_trouble(error) from error
            self._trouble = None
        return applied

    async def _bring_about_or_turn(
        self, table: RoutingTable, certificates: CertificateStore
    ) -> Applied:
        """Move the traffic of what is served even where nobody knows its last good form.

        Then hosts go on as they stand on the gateway, without those that are new.
        """
        knows = self._last_good is not None
        try:
            return await self._bring_about(table, certificates)
        except (RefusedError, UnusableCertificateError) as error:
            turning = Turning(table, translator=self._translator, owns=self._owns)
            if knows or not turning.moves(await self._writer.read()):
                raise
            approved = self._find_approved(table)
            written = await self._send(turning, is_urgent=True, approved=approved)
            return self._note_turned(turning, written, error.message)

    def _note_turned(self, turning: Turning, written: Written, why: str) -> Applied:
        left_out = tuple(LeftOut(suspect=each, why=why, is_kept=False) for each in turning.left_out)
        live = _Live(
            table=turning.table,
            mended=turning.mended,
            left_out=left_out,
            document=written.after,
            is_turned=True,
        )
        return self._note_live(live, written, is_split_only=True)

    @property
    def _last_good(self) -> RoutingTable | None:
        """What Azure took last, host by host; None: not known since the start."""
        return self._live.mended if self._live and not self._live.is_turned else None

    async def _bring_about(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        live = self._live
        document = live.document if live else await self._writer.read()
        wanted, known = self._without_refused(table)
        wanted, unusable = await self._prepare(wanted, document, certificates)
        is_new_split = self._is_new_split(table)
        self._tried = table
        self._lookout.forget()
        is_probed = all(each.suspect != FOR_PROBES for each in known)
        mended = await self._write(
            wanted, certificates, is_urgent=is_new_split, is_probed=is_probed
        )
        written = mended.written
        if written.is_superseded:
            raise OutcomeUnknownError(
                "a newer table took the place of this one while it was written",
                remedy="look with `bascule status`; the newest is written again",
            )
        is_split_only = self._is_split_only(table, written)
        left_out = (*known, *unusable, *mended.left_out)
        live = _Live(table=table, mended=mended.table, left_out=left_out, document=written.after)
        return self._note_live(live, written, is_split_only=is_split_only)

    def _note_live(self, live: _Live, written: Written, *, is_split_only: bool) -> Applied:
        self._live, self._tried = live, None
        self._lookout.note_written(written.after)
        problems = self._find_problems(live)
        self._make_ready(live)
        return Applied(
            table_digest=live.table.digest,
            sent_s=written.sent_s,
            acknowledged_s=written.done_s if written.is_sent else written.sent_s,
            instances=1,
            is_split_only=is_split_only,
            problems=problems,
        )

    def _without_refused(self, table: RoutingTable) -> tuple[RoutingTable, tuple[LeftOut, ...]]:
        """Return the table without what of these very routes Azure has refused.

        No switch and nothing that an upgrade waits for is to fail for what serves no host.
        """
        live = self._live
        if live is None:
            return table, ()
        if live.table.routes.digest != table.routes.digest:
            is_held = self._is_new_split(table) or self.is_moving()
            held = (each for each in live.left_out if is_held and each.suspect == FOR_PROBES)
            return table, tuple(held)
        kept = replace(live.mended, split=table.split, arrangement=table.arrangement)
        return kept, live.left_out

    async def _write(
        self,
        table: RoutingTable,
        certificates: CertificateStore,
        *,
        is_urgent: bool,
        is_probed: bool,
    ) -> Mended:
        """Write the table whole, or, where nothing moves traffic, what Azure takes of it."""

        def build(part: RoutingTable, /, *, is_probing: bool = True) -> TableChange:
            return TableChange(
                part,
                certificates,
                translator=self._translator,
                owns=self._owns,
                is_probing=is_probing and is_probed,
                is_held=self.is_moving(),
            )

        approved = self._find_approved(table)
        if is_urgent or approved is not None:
            written = await self._send(build(table), is_urgent=True, approved=approved)
            mended = Mended(written=written, table=table)
        elif self.is_moving():
            mended = Mended(written=await self._write_still(build(table)), table=table)
        else:
            mended = await write_mended(
                table,
                build,
                read=self._writer.read,
                write=self._send,
                live=self._last_good,
                owns=self._owns,
            )
        if mended.written.is_sent:
            self._lookout.settle_losses()
        return mended

    async def _send(
        self, change: Change, *, is_urgent: bool = False, approved: Supersede | None = None
    ) -> Written:
        """Write once; a write that undid somebody else's is live, and what it undid is told."""
        try:
            return await self._writer.write(change, is_urgent=is_urgent, approved=approved)
        except LostChangeError as error:
            if error.written is None:
                raise
            self._lookout.note_loss(error.message)
            return error.written

    async def _write_still(self, change: Change) -> Written:
        """Write what changed in the clusters while traffic moves: all of it, or nothing."""
        try:
            return await self._send(change)
        except RefusedError as error:
            raise HeldStillError(
                error.message,
                status=error.status,
                is_synchronous=error.is_synchronous,
                sent=error.sent,
                remedy=f"{error.remedy or 'mend what it names'}; then resume the upgrade",
            ) from error

    def _find_approved(self, table: RoutingTable) -> Supersede | None:
        if self._approved is None or self._approved[0] != table.split:
            return None
        return self._approved[1]

    def _find_problems(self, live: _Live) -> tuple[Problem, ...]:
        facts = read_facts(live.document, self._owns).held()
        part = self._translator.translate(live.mended, facts)
        self.choice = part.choice
        told = tell_left_out(live.left_out, live.table, gateway_id=self._settings.gateway_id)
        return (*part.problems, *told)

    def _make_ready(self, live: _Live) -> None:
        """Translate in a thread what a switch would need, so that it finds that done."""
        cluster = live.mended.split.default.only
        if cluster is not None:
            other = live.mended.with_split(whole_split(cluster.other))
            facts = read_facts(live.document, self._owns).held()
            loop = asyncio.get_running_loop()
            self._thread = loop.run_in_executor(None, self._translate_ahead, other, facts)

    def _translate_ahead(
        self, table: RoutingTable, facts: Facts
    ) -> Mapping[CertificateDigest, str]:
        self._translator.translate(table, facts)
        return {}

    async def _prepare(
        self, table: RoutingTable, document: Document, certificates: CertificateStore
    ) -> tuple[RoutingTable, tuple[LeftOut, ...]]:
        """Do in a thread what takes long, so that the change itself finds it done.

        Returns the table without the hosts whose certificates no such gateway takes.
        """
        await self._wait_for_thread()
        loop = asyncio.get_running_loop()
        self._thread = loop.run_in_executor(
            None, self._find_unusable, table, document, certificates
        )
        await self._wait_for_thread()
        unusable = self._thread.result()
        if not unusable:
            return table, ()
        live = self._last_good
        known = {host.name: host for host in live.routes.hosts} if live else {}
        left_out = tell_unusable(table, unusable, known)
        served = served_hosts(document, self._owns)
        for each in left_out:
            if not each.is_kept and each.suspect.host in served:
                raise UnusableCertificateError(
                    f"the certificate of {each.suspect.host}, which is served, is of no use: "
                    f"{each.why}",
                    remedy="give the Secret the pair that it had, or one with an RSA or EC key",
                )
        return leave_out(table, [each.suspect for each in left_out], known), left_out

    def _find_unusable(
        self, table: RoutingTable, document: Document, certificates: CertificateStore
    ) -> Mapping[CertificateDigest, str]:
        facts = read_facts(document, self._owns)
        is_held = self.is_moving() or facts.is_moved_by(table.split)
        part = self._translator.translate(table, facts.held() if is_held else facts)
        return find_unusable(document, part, certificates)

    async def _wait_for_thread(self) -> None:
        """Return when no thread works for us: one goes on when its call is broken off."""
        if self._thread is not None:
            await asyncio.wait([self._thread])

    def _is_new_split(self, table: RoutingTable) -> bool:
        known = (self._live.table if self._live else None, self._tried)
        return any(each is not None and each.split != table.split for each in known)

    def _is_split_only(self, table: RoutingTable, written: Written) -> bool:
        if not written.is_sent or read_split(written.before, self._owns) == table.split:
            return False
        if self._live is not None and self._live.table.routes.digest != table.routes.digest:
            return False
        return is_switch(diff_documents(written.before, written.after, self._owns))

    def _note_trouble(self, error: BasculeError) -> BasculeError:
        """Keep why it went wrong for those who ask; return it as the protocol's errors."""
        convergence = Convergence.PENDING
        if isinstance(error, ForeignChangeError):
            convergence = Convergence.FOREIGN_CHANGE
        elif isinstance(error, DriverError):
            convergence = Convergence.REFUSED
        if isinstance(error, RefusedError):
            self._tried = None
        self._trouble = _Trouble(convergence, error.message)
        if isinstance(error, DriverError | OutcomeUnknownError):
            return error
        message = f"the gateway could not be written: {error.message}"
        return DriverError(message, remedy=error.remedy)

    async def observe(self) -> Observation:
        """Return what the gateway's document says is live; never raises."""
        counted = await self._read_traffic()
        traffic = {cluster: replace(each, latency=None) for cluster, each in counted.items()}
        try:
            look = await self._fetch_look()
        except BasculeError as error:
            return Observation(
                convergence=Convergence.UNKNOWN, reason=error.message, traffic=traffic
            )
        convergence, reason = self._judge(look)
        return Observation(
            convergence=convergence,
            reason=reason,
            table_digest=self._read_digest(look.document),
            split=self._read_split(look),
            instances=1 if owner_of(object_at(look.document, "tags")) else 0,
            traffic=traffic,
            is_overwritten=bool(look.foreign) and not self._lock.locked(),
        )

    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what is counted for each cluster; empty when it is not known."""
        return await self._read_traffic()

    async def _read_traffic(self) -> Mapping[Cluster, ClusterTraffic]:
        if self._traffic is None:
            return MappingProxyType({})
        try:
            return await self._traffic.read()
        except BasculeError:
            return MappingProxyType({})

    async def _fetch_look(self) -> Look:
        """Return the gateway; while we write it, as it was before."""
        if self._lock.locked() and self._live is not None:
            return Look(document=self._live.document, at_s=self._clock.monotonic_s())
        return await self._lookout.look()

    def _judge(self, look: Look) -> tuple[Convergence, str]:
        live, wanted = self._live, self._wanted
        if self._lock.locked():
            names = self._writer.waited_for
            return Convergence.PENDING, tell_waiting(names) if names else BEING_WRITTEN
        losses = self._lookout.tell_losses()
        if losses:
            return Convergence.FOREIGN_CHANGE, losses
        if live is None or wanted is None or live.table.digest != wanted.digest:
            if self._trouble is not None:
                return self._trouble.convergence, self._trouble.reason
            return Convergence.PENDING, "nothing was written since the start"
        if look.foreign:
            return Convergence.FOREIGN_CHANGE, look.foreign
        if live.left_out:
            return Convergence.CONVERGED, f"Azure refused {len(live.left_out)} of its parts"
        return Convergence.CONVERGED, ""

    def _read_split(self, look: Look) -> Split | None:
        """Return the split; None while Azure shows one whose end nobody has seen."""
        digits, live = table_of(object_at(look.document, "tags")), self._live
        if self._tried and (live is None or not live.mended.digest.startswith(digits)):
            return None
        written = live.table.split if live is not None and not look.foreign else None
        return read_split(look.document, self._owns, written)

    def _read_digest(self, document: Document) -> str | None:
        digits = table_of(object_at(document, "tags"))
        if self._live is not None and self._live.mended.digest.startswith(digits):
            return self._live.table.digest
        return digits or None
