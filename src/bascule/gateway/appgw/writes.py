"""One write of a gateway: what is asked, how far it is, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bascule.azure.document import Document
from bascule.gateway.appgw.operations import BegunOperation

Change = Callable[[Document], Document]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersede:
    """An explicit approval to cancel operations of these that are under way, and of nobody else."""

    whose: frozenset[str]
    """Callers as the activity log names them; `SOMEBODY`: one that it does not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a write did. Times are `Clock.monotonic_s` of this process."""

    before: Document
    after: Document
    """As it is shown after the end; `before` when nothing had to be sent."""
    operation_url: str
    sent_s: float
    """When the PUT that took effect was sent."""
    done_s: float
    is_sent: bool
    puts: int
    """How many PUTs Azure took: each is a disruption."""
    is_superseded: bool = False
    """Whether a newer write of ours took this one's place: `after` is what that one left."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One write while it is under way."""

    number: int
    change: Change
    is_urgent: bool
    approved: Supersede | None
    deadline_s: float
    before: Document | None = None
    """What the first PUT was made from."""
    operation_url: str = ""
    sent_s: float = 0.0
    puts: int = 0
    overwritten: int = 0
    busy_since_s: float | None = None
    lets_ours_end: bool = False
    is_forced: bool = False
    """Whether it is sent though it is there already: how an earlier PUT ended is not known."""
    left: tuple[str, ...] = ()
    """What the gateway showed otherwise than written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Read again after a while, and decide anew."""

    after_s: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A PUT that was taken, or of which that is not known: then `is_lost`."""

    operation: BegunOperation
    before: Document
    wanted: Document
    shown: Document | None = None
    """What Azure answered: the gateway with what was sent, as it shows it."""
    is_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """A newer write of ours was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document as it was read, and when: by both clocks, before it was asked for."""

    document: Document
    at: datetime
    at_s: float
