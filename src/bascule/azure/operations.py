"""Waits for long-running operations, known by nothing but their URL."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bascule.azure.client import ArmClient
from bascule.azure.document import Document
from bascule.azure.polls import OperationError, OutcomeStatus
from bascule.azure.refusals import parse_retry_after
from bascule.azure.remedies import remedy_for_codes
from bascule.errors import ApiError, OutcomeUnknownError, ThrottledError, TransportError

__all__ = ["OperationError", "Outcome", "OutcomeStatus", "wait"]

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.azure")

INTERVAL_S = 10.0
"""How long to wait for the next poll where ARM does not say."""
INTERVAL_MAX_S = 120.0
"""The longest wait between two polls, whatever ARM says."""
_SUPERSEDED_CODES = frozenset(
    {"CanceledAndSupersededDueToAnotherOperation", "NotLatestOperation", "OperationPreempted"}
)
_GONE = frozenset({400, 403, 404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an operation ended. `document` is its result where it has one of its own."""

    status: OutcomeStatus
    error: OperationError | None = None
    document: Document | None = None
    last_seen: str = ""
    """ARM's own word for the last status, such as `ProvisioningControlPlane`."""

    @property
    def is_superseded(self) -> bool:
        """Whether a later operation on the same resource took its place: read again."""
        codes = self.error.codes if self.error else ()
        return bool(_SUPERSEDED_CODES.intersection(codes))

    def raise_for_failure(self, what: str) -> None:
        """Raise unless it succeeded; `what` says what was being done to what."""
        error = self.error or OperationError(message="Azure gives no reason")
        match self.status:
            case OutcomeStatus.SUCCEEDED:
                return
            case OutcomeStatus.FAILED | OutcomeStatus.CANCELED:
                named = f" ({error.code})" if error.code else ""
                raise ApiError(
                    f"{what}: {self.status}{named}: {error.message}",
                    reason=error.code,
                    remedy=remedy_for_codes(error.codes, error.message),
                )
            case OutcomeStatus.RUNNING:
                raise OutcomeUnknownError(
                    f"{what}: not ended yet; last seen as {self.last_seen or 'nothing'}",
                    remedy="start again: it is waited for where it was left",
                )
            case OutcomeStatus.UNKNOWN:
                raise OutcomeUnknownError(
                    f"{what}: Azure does not say any more how it ended: {error.message}",
                    remedy="look at the resource itself",
                )


async def wait(
    client: ArmClient,
    operation_url: str,
    *,
    limit_s: float,
    on_status: Callable[[str], None] | None = None,
) -> Outcome:
    """Poll an operation until it ends or `limit_s` are over; the first poll is immediate.

    An empty URL is one that was done at once. Polls that fail are survived, and so are statuses
    that nobody knows, which mean `running`. `on_status` is told each change of ARM's own word.
    Raises ForbiddenError when ARM does not take the credential any more.
    """
    if not operation_url:
        return Outcome(status=OutcomeStatus.SUCCEEDED)
    clock = client.clock
    deadline_s = clock.monotonic_s() + limit_s
    last_seen = ""
    while True:  # ends at the deadline
        outcome, wait_s = await _poll(client, operation_url)
        if outcome.last_seen and outcome.last_seen != last_seen:
            last_seen = outcome.last_seen
            if on_status is not None:
                on_status(last_seen)
        if outcome.status is not OutcomeStatus.RUNNING:
            return outcome
        now_s = clock.monotonic_s()
        if now_s >= deadline_s:
            return Outcome(status=OutcomeStatus.RUNNING, last_seen=last_seen)
        await clock.sleep_until(min(now_s + wait_s, deadline_s))


async def _poll(client: ArmClient, url: str) -> tuple[Outcome, float]:
    """Return what one poll shows, and how long to wait for the next."""
    try:
        poll, headers = await client.poll(url)
    except ThrottledError as error:
        return _survived(error), _interval_s(error.retry_after_s)
    except TransportError as error:
        return _survived(error), INTERVAL_S
    except ApiError as error:
        if error.status in _GONE:
            found = OperationError(message=error.message, codes=(error.reason,))
            return Outcome(status=OutcomeStatus.UNKNOWN, error=found), 0.0
        if error.status < 500:
            raise
        return _survived(error), INTERVAL_S
    outcome = Outcome(
        status=poll.status, error=poll.error, document=poll.document, last_seen=poll.said
    )
    return outcome, _interval_s(parse_retry_after(headers))


def _survived(error: ApiError | TransportError) -> Outcome:
    _LOG.warning("a poll of an operation failed; it is asked again", why=error.message)
    return Outcome(status=OutcomeStatus.RUNNING)


def _interval_s(asked_s: float | None) -> float:
    """Return the wait for the next poll; one of 0 is taken for none said."""
    return min(asked_s or INTERVAL_S, INTERVAL_MAX_S)
