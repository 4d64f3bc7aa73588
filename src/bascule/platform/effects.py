"""One write at a time: send, remember the operation, wait for its end, forget it.

Whoever is killed in between finds the operation remembered, or sees by reading what became of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bascule.azure.client import Accepted
from bascule.azure.decisions import is_busy
from bascule.azure.document import Document, text_at
from bascule.azure.errors import AlreadyThereError, LostAnswerError, ReadAgainError
from bascule.azure.operations import Outcome, OutcomeStatus
from bascule.azure.resource_id import ResourceId
from bascule.errors import ApiError, OutcomeUnknownError, ThrottledError
from bascule.platform.pending import Pending, PendingFile
from bascule.platform.ports import Arm, OnProgress, Progress

OPERATION_MAX_S = 5_400.0
"""No operation is waited for longer; the slowest recorded one took 2,805 s."""
BUSY_MAX_S = 5_400.0
"""So long one resource is worked on, and waited for while others work on it."""
WRITES_MAX = 8
"""So often one resource is written before it is said that Azure does not do what it took."""
PAUSE_MIN_S = 0.5
PAUSE_MAX_S = 60.0
"""How long is waited after a refusal, or while somebody else is at it: ever longer."""

Write = Callable[[], Awaitable[Accepted | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What writing takes: Azure, the memory of what was begun, and who is told."""

    arm: Arm
    pending: PendingFile
    on_progress: OnProgress

    async def pause(self, seconds: float) -> None:
        """Wait a while, `PAUSE_MAX_S` at most."""
        clock = self.arm.clock
        await clock.sleep_until(clock.monotonic_s() + min(seconds, PAUSE_MAX_S))


@dataclass(slots=True, kw_only=True)
class Turns:
    """The turns of one resource, looked at and written until it is as wanted."""

    effects: Effects
    resource: ResourceId
    name: str
    writes: int = 0
    """So many writes Azure has taken."""
    waits: int = 0
    """So often it was waited since the last write."""
    _deadline_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline_s = self.effects.arm.clock.monotonic_s() + BUSY_MAX_S

    @property
    def are_left(self) -> bool:
        """Whether there is time for another turn."""
        return self.effects.arm.clock.monotonic_s() < self._deadline_s

    def give_up(self, wanted: str) -> OutcomeUnknownError:
        """Return the error for a resource that is not as wanted when the time is over."""
        return OutcomeUnknownError(
            f"{self.name} is not {wanted} after {BUSY_MAX_S / 60:.0f} minutes",
            remedy="see what is being done to it in Azure's activity log, then say this again",
        )

    def require_progress(self, still: str) -> None:
        """Raise ApiError if Azure took all writes, and the resource is `still` not as wanted."""
        if self.writes >= WRITES_MAX:
            raise ApiError(
                f"{self.name} was written {WRITES_MAX} times, and Azure still has it: {still}",
                remedy="look whether a policy, a lock or another tool keeps it so",
            )

    def tell(self, what: str, detail: str = "") -> None:
        """Say what happens to it."""
        progress = Progress(resource=self.name, what=what, detail=detail)
        self.effects.on_progress(progress)

    async def resume(self) -> None:
        """Wait for what an earlier run has begun with it; how that ended is seen by reading."""
        pending = self.effects.pending.find(self.resource.key)
        if pending is not None:
            self.tell("going on", pending.verb)
            await self._finish(pending)

    async def write(self, verb: str, write: Write) -> None:
        """Write, and wait for the end; on return it has to be read, whatever happened.

        Raises ApiError when Azure refuses or the operation fails, OutcomeUnknownError when it has
        not ended in time.
        """
        try:
            accepted = await write()
        except ReadAgainError as error:
            return await self.rest("busy", error.reason, error.retry_after_s)
        except ThrottledError as error:
            return await self.rest("throttled", error.reason, error.retry_after_s or 0.0)
        except AlreadyThereError:
            return await self.rest("looking", "it is there under another name")
        except LostAnswerError:
            return await self.rest("looking", "the answer was lost")
        self.writes += 1
        if accepted is None or not accepted.operation_url:
            self.waits = 0
            return None
        pending = Pending(verb, accepted.operation_url)
        self.effects.pending.append(self.resource.key, pending)
        outcome = await self._finish(pending)
        if outcome.status is not OutcomeStatus.FAILED:
            self.waits = 0
            return None
        reason = outcome.error
        if reason is None or not is_busy(reason.codes, reason.message):
            return outcome.raise_for_failure(f"{verb} {self.name}")
        return await self.rest("busy", reason.code)

    async def wait_for(self, found: Document) -> None:
        """Wait a while for somebody else's change to end."""
        await self.rest("waiting", text_at(found, "properties", "provisioningState"))

    async def rest(self, what: str, detail: str, least_s: float = 0.0) -> None:
        """Say why nothing is done, and wait; longer each time."""
        self.tell(what, detail)
        seconds = min(PAUSE_MIN_S * 2**self.waits, PAUSE_MAX_S)
        self.waits += 1
        await self.effects.pause(max(seconds, least_s))

    async def _finish(self, pending: Pending) -> Outcome:
        outcome = await self.effects.arm.wait(
            pending.url,
            limit_s=OPERATION_MAX_S,
            on_status=lambda status: self.tell(pending.verb, status),
        )
        if outcome.status is OutcomeStatus.RUNNING:
            outcome.raise_for_failure(f"{pending.verb} {self.name}")
        self.effects.pending.forget(self.resource.key)
        return outcome
