"""One write at a time: send, remember the operation, wait for its end, forget it.

Whoever is killed in between finds the operation remembered, or sees by reading what became of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bascule.azure.client import Accepted
from bascule.azure.errors import AlreadyThereError, LostAnswerError, ReadAgainError
from bascule.azure.operations import Outcome, OutcomeStatus
from bascule.azure.resource_id import ResourceId
from bascule.errors import ThrottledError
from bascule.platform.pending import Pending, PendingFile
from bascule.platform.ports import Arm, OnProgress, Progress

OPERATION_MAX_S = 5_400.0
"""No operation is waited for longer; the slowest recorded one took 2,805 s."""
PAUSE_S = 2.0
PAUSE_MAX_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Sends writes and waits for their end."""

    arm: Arm
    pending: PendingFile
    on_progress: OnProgress

    async def resume(self, resource: ResourceId, name: str) -> None:
        """Wait for what an earlier run has begun with a resource, if it has."""
        pending = self.pending.find(resource.key)
        if pending is None:
            return
        self.on_progress(Progress(resource=name, what="going on", detail=pending.verb))
        await self._finish(resource, name, pending)  # what failed then is decided about anew

    async def send(
        self,
        resource: ResourceId,
        name: str,
        verb: str,
        write: Callable[[], Awaitable[Accepted | None]],
    ) -> None:
        """Write, and wait for the end; on return the resource has to be read, whatever happened.

        Raises ApiError when Azure refuses or the operation fails, OutcomeUnknownError when it has
        not ended in time.
        """
        try:
            accepted = await write()
        except ReadAgainError as error:
            self.on_progress(Progress(resource=name, what="busy", detail=error.reason))
            await self.pause(error.retry_after_s)
            return
        except ThrottledError as error:
            self.on_progress(Progress(resource=name, what="throttled", detail=error.reason))
            await self.pause(error.retry_after_s or PAUSE_S)
            return
        except AlreadyThereError:
            return
        except LostAnswerError:
            self.on_progress(Progress(resource=name, what="looking", detail="the answer was lost"))
            return
        if accepted is None or not accepted.operation_url:
            return
        pending = Pending(verb, accepted.operation_url)
        self.pending.append(resource.key, pending)
        outcome = await self._finish(resource, name, pending)
        if outcome.status is OutcomeStatus.FAILED:
            outcome.raise_for_failure(f"{verb} {name}")

    async def pause(self, seconds: float) -> None:
        """Wait a while, `PAUSE_MAX_S` at most."""
        clock = self.arm.clock
        await clock.sleep_until(clock.monotonic_s() + min(seconds, PAUSE_MAX_S))

    async def _finish(self, resource: ResourceId, name: str, pending: Pending) -> Outcome:
        def tell(status: str) -> None:
            self.on_progress(Progress(resource=name, what=pending.verb, detail=status))

        outcome = await self.arm.wait(pending.url, limit_s=OPERATION_MAX_S, on_status=tell)
        if outcome.status is OutcomeStatus.RUNNING:
            outcome.raise_for_failure(f"{pending.verb} {name}")
        self.pending.forget(resource.key)
        return outcome
