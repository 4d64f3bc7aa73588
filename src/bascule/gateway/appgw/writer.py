"""Writes one gateway's document: read, merge, PUT, wait for the end, read back.

Nothing is believed but what is read: not that a PUT was lost because its answer was, not that an
operation has ended because the gateway says `Succeeded`. See docs/explanation/appgw.md.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import structlog

from bascule.azure.client import ArmClient
from bascule.azure.decisions import is_busy
from bascule.azure.document import Document, text_at
from bascule.azure.errors import LostAnswerError, ReadAgainError
from bascule.azure.operations import OperationError, Outcome, OutcomeStatus
from bascule.azure.remedies import remedy_for_codes
from bascule.clock import Clock
from bascule.errors import ApiError, DriverError, ForeignChangeError, TransportError
from bascule.gateway.appgw.audit import Audit
from bascule.gateway.appgw.budget import Budget
from bascule.gateway.appgw.difference import diff_documents, lines_of
from bascule.gateway.appgw.errors import BusyElsewhereError, LostChangeError, RefusedError
from bascule.gateway.appgw.merge import is_same
from bascule.gateway.appgw.operations import BegunOperation, OperationLog
from bascule.gateway.appgw.own_operations import OwnOperations
from bascule.gateway.appgw.rivals import (
    Event,
    Rival,
    Window,
    find_later,
    find_others,
    find_running,
    is_alone,
    tell_waiting,
)
from bascule.gateway.appgw.settings import KILOBYTE, Limits
from bascule.gateway.appgw.slim import slim
from bascule.gateway.appgw.trail import Trail
from bascule.gateway.appgw.writes import (
    Again,
    Change,
    Job,
    Overtaken,
    Reading,
    Sent,
    Supersede,
    Written,
)
from bascule.gateway.ownership import Owns

__all__ = [
    "BusyElsewhereError",
    "GatewayWriter",
    "LostChangeError",
    "RefusedError",
    "Supersede",
    "Written",
]

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

LIMIT_S = 1_800.0
"""How long one write may take; platform upgrades hold a gateway for up to 45 minutes."""
TRIES_MAX = 200
"""How often one write reads and decides anew."""
OVERWRITTEN_MAX = 5
"""How often one write is written again because somebody else's PUT dropped it."""
FOREIGN_POLL_S = 5.0
FOREIGN_WAIT_MAX_S = 600.0
"""How long an operation of somebody else is waited for."""
RUNNING_MAX_S = 1_200.0
"""An operation that began longer ago has ended, whatever the activity log does not say."""
LOST_SETTLE_S = 5.0
"""How long a PUT whose answer was lost may still be on its way."""
TRAIL_WAIT_S = 2.0
"""How long a write waits for its own entry in the activity log; `audit` looks on after that."""
ON_ITS_WAY_S = 10.0
"""How long a PUT is under way to Azure, at most, of which nobody hears how long it was."""
READ_QUICK_S = 1.0
READS_MAX = 3
"""A reading that took longer is done again, so often at most."""
LINES_MAX = 50
PROBE_ETAG = 'W/"00000000-0000-0000-0000-000000000000"'
"""No document has it: who takes a PUT with it does not look at If-Match."""
UPDATING = "Updating"
FAILED = "Failed"
_DELETING = "Deleting"
_STOPPED = frozenset({"Stopped", "Stopping"})


class GatewayWriter:
    """The only one that writes a gateway. One write is under way; an urgent one may replace it."""

    def __init__(
        self,
        client: ArmClient,
        gateway_id: str,
        *,
        clock: Clock,
        operations: OperationLog,
        owns: Owns,
        fence: Callable[[], None],
        limit_s: float = LIMIT_S,
    ) -> None:
        self._client = client
        self._gateway_id = gateway_id
        self._clock = clock
        self._owns = owns
        self._fence = fence
        self._limit_s = limit_s
        self._trail = Trail(client, gateway_id)
        self._audit = Audit(self._trail, operations, clock=clock, owns=owns)
        self._own = OwnOperations(client, operations, clock=clock, trail=self._trail)
        self._budget = Budget()
        self._turn = asyncio.Lock()
        self._count = 0
        self._newest = 0
        """The number of the newest write of which a PUT was taken."""
        self._honours_if_match: bool | None = None
        self._waited_for: tuple[Rival, ...] = ()

    @property
    def waited_for(self) -> tuple[str, ...]:
        """Whose operations keep a write waiting now, in the order in which they began."""
        return tuple(dict.fromkeys(each.name for each in self._waited_for))

    async def read(self) -> Document:
        """Return the gateway as it is. Raises DriverError when there is none."""
        found = await self._client.get(self._gateway_id)
        if found is None:
            raise DriverError(
                f"there is no gateway {self._gateway_id}",
                remedy="check subscription, resource group and name in gateway.yaml",
            )
        return found

    async def audit(self) -> None:
        """Look again for other writers between our reads and our writes: their entries come late.

        Raises LostChangeError. Does nothing where the gateway is known to honour If-Match.
        """
        if self._audit.is_due:
            await self._audit.look(await self.read(), self._own.ids)

    async def name_others(self, since: datetime) -> str:
        """Return who else has changed the gateway since then; empty where nobody is named yet."""
        events = await self._trail.read(since) or ()
        return "; ".join(each.told() for each in find_others(events, since, self._own.ids))

    async def write(
        self,
        change: Change,
        *,
        is_urgent: bool = False,
        approved: Supersede | None = None,
    ) -> Written:
        """Make `change` of the document and return when it is live; nothing is sent if it is same.

        `change` is pure and may be called more than once, each time with a fresh document.
        `is_urgent` takes the place of a write of ours that is under way; others wait for it.
        Raises RefusedError, BusyElsewhereError, LostChangeError (the write itself is live then),
        ForeignChangeError, OutcomeUnknownError, and what the fence raises.
        """
        self._count += 1
        job = Job(
            number=self._count,
            change=change,
            is_urgent=is_urgent,
            approved=approved,
            deadline_s=self._clock.monotonic_s() + self._limit_s,
        )
        try:
            return await self._work(job)
        finally:
            self._waited_for = ()

    async def _work(self, job: Job) -> Written:
        step: Again | Sent | Overtaken | Written
        why = ""
        for _ in range(TRIES_MAX):
            if job.lets_ours_end or not job.is_urgent:
                await self._let_ours_end(job)
            async with self._turn:
                step = await self._step(job)
            if isinstance(step, Sent):
                step = await self._follow(job, step)
            if isinstance(step, Written):
                return step
            if isinstance(step, Overtaken):
                return await self._give_way(job)
            why = step.why
            await self._pause(job, step)
        raise DriverError(f"the gateway was not written in {TRIES_MAX} tries: {why}")

    # One turn: look, decide, send.

    async def _step(self, job: Job) -> Again | Sent | Overtaken | Written:
        if self._newest > job.number:
            return Overtaken()
        # The log first: what somebody writes between our reading and our PUT is lost.
        events = await self._trail.read(self._clock.now() - timedelta(seconds=RUNNING_MAX_S))
        read = await self._read_quickly(job)
        document = read.document
        _refuse_unfit(document)
        rivals = self._find_rivals(events, document)
        if rivals and not _is_approved(job.approved, rivals):
            return self._wait_for(job, rivals)
        job.busy_since_s = None
        self._waited_for = ()
        wanted = job.change(document)
        is_failed = text_at(document, "properties", "provisioningState") == FAILED
        if not job.is_forced and not is_failed and is_same(wanted, document):
            if self._own.is_any_unfinished:
                job.lets_ours_end = True
                return Again(after_s=0.0, why="an operation of ours runs")
            return await self._done(job, document)
        wait_s = 0.0 if job.is_urgent else self._budget.wait_s(self._clock.monotonic_s())
        if wait_s:
            return Again(after_s=wait_s, why="our own budget of writes is used up")
        return await self._put(job, read, wanted, self._if_match(job, document))

    async def _read_quickly(self, job: Job) -> Reading:
        """Return the gateway, read once more where that took long: no one may write meanwhile.

        Else a write that ended before Azure answered would look like one that ours undoes.
        """
        for _ in range(READS_MAX - 1):
            read = await self._read_once()
            took_s = self._clock.monotonic_s() - read.at_s
            if took_s <= READ_QUICK_S or job.is_urgent or self._honours_if_match:
                return read
        return await self._read_once()

    async def _read_once(self) -> Reading:
        at, at_s = self._clock.now(), self._clock.monotonic_s()
        return Reading(at=at, at_s=at_s, document=await self.read())

    def _find_rivals(
        self, events: tuple[Event, ...] | None, document: Document
    ) -> tuple[Rival, ...]:
        """Return who else changes the gateway now, as far as can be seen."""
        now = self._clock.now()
        recent = [e for e in events or () if e.at > now - timedelta(seconds=RUNNING_MAX_S)]
        rivals = find_running(recent, self._own.ids)
        is_updating = text_at(document, "properties", "provisioningState") == UPDATING
        if not rivals and is_updating and not self._own.is_any_unfinished:
            return (Rival(caller="", address="", at=now, action="not in the activity log yet"),)
        return rivals

    def _wait_for(self, job: Job, rivals: tuple[Rival, ...]) -> Again:
        now_s = self._clock.monotonic_s()
        told = "; ".join(each.told() for each in rivals)
        if job.busy_since_s is None:
            job.busy_since_s = now_s
            _LOG.warning("an operation of somebody else is waited for", whose=told)
        self._waited_for = rivals
        next_s = now_s + FOREIGN_POLL_S
        if next_s >= min(job.busy_since_s + FOREIGN_WAIT_MAX_S, job.deadline_s):
            raise BusyElsewhereError(
                f"the gateway is being changed by somebody else: {told}; "
                f"{tell_waiting(self.waited_for)}",
                rivals=rivals,
                remedy="wait for its end",
            )
        return Again(after_s=FOREIGN_POLL_S, why=f"an operation of {told} runs")

    def _if_match(self, job: Job, document: Document) -> str:
        """Return the etag to ask for: once one that cannot hold, to learn whether that matters.

        A gateway that honours it refuses and nothing has happened; one that does not takes the PUT
        as it would have anyway.
        """
        if self._honours_if_match is None and not job.is_urgent:
            return PROBE_ETAG
        return text_at(document, "etag")

    async def _put(self, job: Job, read: Reading, wanted: Document, if_match: str) -> Again | Sent:
        body = slim(wanted, self._owns)
        _refuse_large(body)
        self._fence()
        etag = text_at(read.document, "etag")
        operation = self._own.begin(etag)
        sent_s = self._clock.monotonic_s()
        self._budget.note(sent_s)
        self._watch(operation, read, sent_s + ON_ITS_WAY_S)
        try:
            accepted = await self._client.put(
                self._gateway_id,
                body,
                if_match=if_match,
                correlation_id=operation.correlation_id,
            )
        except ReadAgainError as error:
            self._never_began(operation)
            if error.status == 412:
                self._honours_if_match = True
                self._audit.clear()
                if if_match == PROBE_ETAG:
                    return await self._put(job, read, wanted, etag)
            return Again(after_s=error.retry_after_s, why=error.message)
        except LostAnswerError:
            return self._sent(job, read, wanted, self._own.answer(operation, ""), is_lost=True)
        except ApiError as error:
            self._never_began(operation)
            raise _refused(error, wanted) from error
        except TransportError:
            self._never_began(operation)
            raise
        finally:
            self._own.land(operation)
        job.puts += 1
        job.sent_s = sent_s
        if if_match == PROBE_ETAG:
            self._honours_if_match = False
        answered = self._own.answer(operation, accepted.operation_url)
        return replace(self._sent(job, read, wanted, answered), shown=accepted.document)

    def _sent(
        self,
        job: Job,
        read: Reading,
        wanted: Document,
        operation: BegunOperation,
        *,
        is_lost: bool = False,
    ) -> Sent:
        """Note a PUT that was taken, or may have been."""
        self._newest = job.number
        if job.before is None:
            job.before = read.document
        job.operation_url = operation.operation_url
        job.is_forced = False
        self._watch(operation, read, self._clock.monotonic_s())
        return Sent(operation=operation, before=read.document, wanted=wanted, is_lost=is_lost)

    def _watch(self, operation: BegunOperation, read: Reading, until_s: float) -> None:
        """Look after a write that Azure has taken by then, unless it cannot undo another one."""
        if self._honours_if_match:
            return
        window = Window(
            correlation_id=operation.correlation_id,
            span_s=until_s - read.at_s,
            opened_at=read.at,
            closed_s=self._clock.monotonic_s(),
        )
        self._audit.open(window, read.document)

    def _never_began(self, operation: BegunOperation) -> None:
        self._own.end(operation)
        self._audit.close(operation.correlation_id)

    # What became of it.

    async def _follow(self, job: Job, sent: Sent) -> Again | Overtaken | Written:
        """Wait for the end of what was sent, and find out what it came to."""
        if sent.is_lost:
            return await self._look_for(job, sent)
        outcome = await self._own.wait(sent.operation, limit_s=self._left_s(job))
        if outcome.status is OutcomeStatus.UNKNOWN:
            self._own.answer(sent.operation, "")
            return await self._look_for(job, sent)
        if outcome.status is OutcomeStatus.SUCCEEDED:
            self._own.end_until(sent.operation)
        self._own.end(sent.operation)
        if self._newest > job.number:
            return Overtaken()
        match outcome.status:
            case OutcomeStatus.SUCCEEDED:
                return await self._verify(job, sent)
            case OutcomeStatus.CANCELED:
                return await self._overwritten(
                    job, sent, "somebody else's operation took its place"
                )
            case _:
                return _failed(outcome, sent)

    async def _look_for(self, job: Job, sent: Sent) -> Again:
        """Find out by reading whether a PUT was taken whose answer was lost."""
        document = await self.read()
        if text_at(document, "etag") == sent.operation.etag:
            await self._clock.sleep_until(self._clock.monotonic_s() + LOST_SETTLE_S)
            document = await self.read()
        if text_at(document, "etag") == sent.operation.etag:
            self._never_began(sent.operation)
            return Again(after_s=0.0, why="a PUT was lost on its way")
        if not is_same(job.change(document), document):
            self._own.end(sent.operation)
            return Again(after_s=0.0, why="a PUT was lost, or written over")
        if sent.is_lost:
            job.puts += 1
            job.sent_s = self._clock.monotonic_s()
        if job.is_urgent:
            # Its operation has no address; one that has takes its place, and shows the end.
            self._own.end(sent.operation)
            job.is_forced = True
        return Again(after_s=0.0, why="the answer to a PUT was lost, which was taken")

    async def _verify(self, job: Job, sent: Sent) -> Again | Written:
        """Read back: what has ended well may have been written over since."""
        after = await self.read()
        wanted = job.change(after)
        if is_same(wanted, after):
            return await self._done(job, after)
        left = lines_of(diff_documents(after, wanted, self._owns))
        if await self._is_as_shown(job, sent, after, left):
            _LOG.warning("the gateway shows otherwise than written", lines=left[:LINES_MAX])
            return await self._done(job, after)
        job.left = left
        return await self._overwritten(job, sent, "it was written over")

    async def _is_as_shown(
        self, job: Job, sent: Sent, after: Document, left: tuple[str, ...]
    ) -> bool:
        """Whether what differs is how Azure shows what we wrote, and nobody else's doing."""
        if sent.shown is not None and is_same(sent.shown, after):
            return True
        if left != job.left:
            return False
        events = await self._trail.read(sent.operation.begun_at)
        return events is None or is_alone(events, sent.operation.correlation_id, self._own.ids)

    async def _overwritten(self, job: Job, sent: Sent, why: str) -> Again:
        job.overwritten += 1
        events = await self._trail.read(sent.operation.begun_at) or ()
        rivals = find_later(events, sent.operation.correlation_id, self._own.ids)
        who = "; ".join(each.told() for each in rivals) or "nobody is named in the activity log yet"
        _LOG.warning("what was written is written again", why=why, who=who)
        if job.overwritten > OVERWRITTEN_MAX:
            raise ForeignChangeError(
                f"somebody else writes over what we write, {job.overwritten} times by now: {who}",
                remedy="stop the other writer: two that replace the whole gateway undo each other",
            )
        return Again(after_s=0.0, why=why)

    async def _done(self, job: Job, after: Document) -> Written:
        written = _written(job, after, self._clock.monotonic_s())
        if written.is_sent:
            wait_s = 0.0 if job.is_urgent else TRAIL_WAIT_S
            try:
                await self._audit.look(after, self._own.ids, wait_s=wait_s)
            except LostChangeError as error:
                error.written = written
                raise
        return written

    async def _give_way(self, job: Job) -> Written:
        """Return once the newer write that took this one's place has ended."""
        await self._own.let_end(limit_s=self._left_s(job))
        written = _written(job, await self.read(), self._clock.monotonic_s())
        return replace(written, is_superseded=True)

    async def _let_ours_end(self, job: Job) -> None:
        job.lets_ours_end = False
        if not await self._own.let_end(limit_s=self._left_s(job)):
            job.is_forced = True

    async def _pause(self, job: Job, again: Again) -> None:
        if again.after_s >= self._left_s(job):
            raise DriverError(
                f"the gateway was not written within {self._limit_s:.0f} s: {again.why}",
                remedy="it is tried again with the next change; `bascule status` tells how it is",
            )
        await self._clock.sleep_until(self._clock.monotonic_s() + again.after_s)

    def _left_s(self, job: Job) -> float:
        return max(job.deadline_s - self._clock.monotonic_s(), 0.0)


def _written(job: Job, after: Document, done_s: float) -> Written:
    return Written(
        before=job.before if job.before is not None else after,
        after=after,
        operation_url=job.operation_url,
        sent_s=job.sent_s or done_s,
        done_s=done_s,
        is_sent=job.puts > 0,
        puts=job.puts,
    )


def _is_approved(approved: Supersede | None, rivals: tuple[Rival, ...]) -> bool:
    """Whether all of these operations may be canceled."""
    if approved is None:
        return False
    return {each.name.lower() for each in rivals} <= {name.lower() for name in approved.whose}


def _refuse_unfit(document: Document) -> None:
    """Raise DriverError where a PUT would do something else than change the routing."""
    if text_at(document, "properties", "provisioningState") == _DELETING:
        raise DriverError("the gateway is being deleted", remedy="nothing is written any more")
    state = text_at(document, "properties", "operationalState")
    is_changing = text_at(document, "properties", "provisioningState") == UPDATING
    if state in _STOPPED and not is_changing:
        raise DriverError(
            f"the gateway is {state.lower()}, and a write would start it",
            remedy="start it: az network application-gateway start",
        )


def _refuse_large(body: Document) -> None:
    """Raise DriverError for a document that Azure Resource Manager does not take."""
    size, most = len(msgspec.json.encode(body)), Limits().document_kilobytes
    if size > most * KILOBYTE:
        raise DriverError(
            f"the gateway's document would have {size / KILOBYTE:,.0f} kilobytes, and Azure takes "
            f"{most:,}",
            remedy="serve some hosts by a second gateway, or set switchBy: pools",
        )


def _refused(error: ApiError, sent: Document) -> RefusedError:
    return RefusedError(
        f"Azure refused the gateway's document: {error.message}",
        status=error.status,
        is_synchronous=True,
        sent=sent,
        remedy=error.remedy,
    )


def _failed(outcome: Outcome, sent: Sent) -> Again:
    """Return that it is worth another try; raise RefusedError where it is not."""
    error = outcome.error or OperationError(message="Azure gives no reason")
    if is_busy(error.codes, error.message):
        return Again(after_s=FOREIGN_POLL_S, why=error.message)
    raise RefusedError(
        f"the gateway did not take over its document ({error.code}): {error.message}",
        is_synchronous=False,
        sent=sent.wanted,
        remedy=remedy_for_codes(error.codes, error.message),
    )
