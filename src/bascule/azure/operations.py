"""Waits for long-running operations, known by nothing but their URL."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bascule.azure.client import ArmClient
from bascule.azure.document import Document


class OutcomeStatus(StrEnum):
    """How an operation ended, as far as it is known."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    """Ended by someone, or superseded by another operation on the resource."""
    UNKNOWN = "unknown"
    """Its URL is gone or closed to us: look at the resource."""
    RUNNING = "running"
    """Not ended when the limit was reached; it can be waited for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationError:
    """Why an operation did not end well: ARM's own code and words."""

    code: str
    message: str
    codes: tuple[str, ...] = ()
    """The code and those of its details, outermost first."""


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
        raise NotImplementedError

    def raise_for_failure(self, what: str) -> None:
        """Raise unless it succeeded; `what` says what was being done to what."""
        raise NotImplementedError(what)


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
    """
    raise NotImplementedError(client, operation_url, limit_s, on_status)
