"""An Application Gateway as the checks of an upgrade see it, with our part of it."""

from dataclasses import dataclass
from datetime import datetime

from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.gateway.driver import UpdateTimes
from bascule.routing.model import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCertificate:
    """A certificate on the gateway."""

    name: str
    secret_id: str = ""
    """Where in a Key Vault the gateway fetches it itself; empty: it was handed over."""
    not_after: datetime | None = None
    """None: the gateway does not show it."""
    is_ours: bool = False
    listeners: tuple[str, ...] = ()
    """Names of those that use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How far our part, with what others have, fills one of the gateway's limits."""

    what: str
    """In words, such as `backend pools`."""
    ours: int
    others: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGwFacts:
    """The gateway, and what our part of it would be."""

    gateway: GatewayFacts | Unreadable
    update: UpdateTimes
    """How long an update takes, as well as it is known."""
    foreign_owner: str = ""
    """The name of another Bascule's gateway that it is tagged as; empty: it is not."""
    sends_to_pods: bool = True
    certificates: tuple[GatewayCertificate, ...] = ()
    switch_by: str = ""
    """By what all routes would change clusters: `rules` or `pools`; empty: not by us."""
    switch_by_why: str = ""
    has_access_log: bool | None = None
    """Whether its access log goes where it can be queried; None: not known."""
    rooms: tuple[Room, ...] = ()
    left_out: tuple[Problem, ...] = ()
    """What of the routes the gateway cannot do, or has no place for."""
