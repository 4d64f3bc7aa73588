"""The operations on a gateway that are ours: which there are, and when they have ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from bascule.azure.client import ArmClient
from bascule.azure.operations import Outcome, OutcomeStatus, wait
from bascule.clock import Clock
from bascule.errors import OutcomeUnknownError
from bascule.gateway.appgw.operations import BegunOperation, OperationLog
from bascule.gateway.appgw.rivals import has_ended
from bascule.gateway.appgw.trail import Trail

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

LOST_WAIT_S = 60.0
"""How long the activity log is asked for an operation whose address nobody knows."""
LOST_POLL_S = 5.0


class OwnOperations:
    """What of ours is under way on one gateway, of this process and of the one before it."""

    def __init__(
        self,
        client: ArmClient,
        log: OperationLog,
        *,
        clock: Clock,
        trail: Trail,
        make_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._client = client
        self._log = log
        self._clock = clock
        self._trail = trail
        self._make_id = make_id
        self._in_flight: set[str] = set()

    @property
    def ids(self) -> frozenset[str]:
        """Their names in the activity log, of those that have ended too."""
        return frozenset(self._log.ids())

    @property
    def is_any_unfinished(self) -> bool:
        """Whether one may still run."""
        return bool(self._log.unfinished())

    def begin(self, etag: str) -> BegunOperation:
        """Note an operation before it is sent."""
        operation = BegunOperation(
            correlation_id=str(self._make_id()), etag=etag, begun_at=self._clock.now()
        )
        self._log.record(operation)
        self._in_flight.add(operation.correlation_id)
        return operation

    def land(self, operation: BegunOperation) -> None:
        """Note that nobody waits any more for the answer to the PUT itself."""
        self._in_flight.discard(operation.correlation_id)

    def answer(self, operation: BegunOperation, operation_url: str) -> BegunOperation:
        """Note where to ask for it; an empty address: no answer came."""
        answered = replace(operation, operation_url=operation_url)
        self._log.record(answered)
        return answered

    def end(self, operation: BegunOperation) -> None:
        """Note that it has ended, or never began."""
        self._log.forget(operation.correlation_id)

    def end_until(self, operation: BegunOperation) -> None:
        """Note that it has ended, and with it those before, whose place it took."""
        for each in self._log.unfinished():
            if each.begun_at <= operation.begun_at and each.correlation_id not in self._in_flight:
                self._log.forget(each.correlation_id)
        self.end(operation)

    async def wait(self, operation: BegunOperation, *, limit_s: float) -> Outcome:
        """Wait for the end of one. Raises OutcomeUnknownError when the limit is over."""
        outcome = await wait(self._client, operation.operation_url, limit_s=limit_s)
        if outcome.status is OutcomeStatus.RUNNING:
            raise OutcomeUnknownError(
                f"the gateway still takes over what was sent {limit_s:.0f} s ago",
                remedy="it is waited for again at the next write; look at `bascule status`",
            )
        return outcome

    async def let_end(self, *, limit_s: float) -> bool:
        """Wait until none runs any more; return whether each of them is known to have ended.

        Raises OutcomeUnknownError when the limit is over.
        """
        deadline_s = self._clock.monotonic_s() + limit_s
        is_known = True
        for operation in self._log.unfinished():
            if operation.correlation_id in self._in_flight:
                continue
            left_s = deadline_s - self._clock.monotonic_s()
            if operation.operation_url:
                outcome = await self.wait(operation, limit_s=left_s)
                is_known = is_known and outcome.status is not OutcomeStatus.UNKNOWN
            else:
                is_known = await self._let_lost_end(operation) and is_known
            self.end(operation)
        return is_known

    async def _let_lost_end(self, operation: BegunOperation) -> bool:
        """Ask the activity log for the end of an operation; return whether it told."""
        until = operation.begun_at + timedelta(seconds=LOST_WAIT_S)
        while True:  # ends at `until`
            events = await self._trail.read(operation.begun_at)
            if events is not None and has_ended(events, operation.correlation_id):
                return True
            if self._clock.now() >= until:
                _LOG.warning(
                    "what became of a write of ours is not known",
                    correlation_id=operation.correlation_id,
                )
                return False
            await self._clock.sleep_until(self._clock.monotonic_s() + LOST_POLL_S)
