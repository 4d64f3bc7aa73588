"""Writes one gateway's document: read, merge, PUT, wait for the end, read back."""

from collections.abc import Callable
from dataclasses import dataclass

from bascule.azure.client import ArmClient
from bascule.azure.document import Document
from bascule.clock import Clock
from bascule.errors import DriverError
from bascule.gateway.appgw.operations import OperationLog
from bascule.gateway.ownership import Owns

LIMIT_S = 1_800.0
"""How long one write may take; platform upgrades hold a gateway for up to 45 minutes."""


class RefusedError(DriverError):
    """Azure refused our document; the last good state stays.

    `is_synchronous`: at the door, before anything was begun. `sent` is the body that was refused.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        is_synchronous: bool,
        sent: Document,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.reason = reason
        self.is_synchronous = is_synchronous
        self.sent = sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersede:
    """An explicit approval to cancel an operation of somebody else that is under way."""

    whose: str
    """The caller as the activity log names them; empty: somebody of whom no name is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a write did. Times are `Clock.monotonic_s` of this process."""

    before: Document
    after: Document
    """As it is shown after the end; `before` when nothing had to be sent."""
    operation_url: str
    sent_s: float
    done_s: float
    is_sent: bool
    puts: int
    """How many PUTs Azure took: each is a disruption."""
    is_superseded: bool = False
    """Whether a newer write of ours took this one's place: `after` is what that one left."""


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
        self._operations = operations
        self._owns = owns
        self._fence = fence
        self._limit_s = limit_s

    async def read(self) -> Document:
        """Return the gateway as it is. Raises DriverError when there is none."""
        raise NotImplementedError

    async def write(
        self,
        change: Callable[[Document], Document],
        *,
        is_urgent: bool = False,
        approved: Supersede | None = None,
    ) -> Written:
        """Make `change` of the document and return when it is live; nothing is sent if it is same.

        `change` is pure and may be called more than once, each time with a fresh document.
        Raises RefusedError, ForeignChangeError, OutcomeUnknownError, and what the fence raises.
        """
        raise NotImplementedError(change, is_urgent, approved)

    async def audit(self) -> None:
        """Look again for other writers between our reads and our writes: their entries come late.

        Raises ForeignChangeError. Does nothing where the gateway is known to honour If-Match.
        """
        raise NotImplementedError
