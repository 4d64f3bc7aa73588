"""What the controller knows and does, as values for `status`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bascule.controller.cache import ClusterKnowledge
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.model import Problem, RouteSet
from bascule.routing.weights import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that does not work at the moment, and is tried again."""

    message: str
    remedy: str
    since: datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerView:
    """A moment of the controller.

    `routes` are the newest; what begins with `applied` is what the gateway acknowledged last, None
    where it has acknowledged nothing yet.
    """

    clusters: Mapping[Cluster, ClusterKnowledge]
    routes: RouteSet
    wanted_split: Split
    applied_split: Split | None
    applied_table_digest: str | None
    is_pending: bool
    """Whether the gateway is yet to acknowledge the newest routes and the wanted split."""
    gateway_fault: Fault | None
    last_good_fault: Fault | None
    wanted_arrangement: Arrangement = NOTHING_ARRANGED
    gateway_problems: tuple[Problem, ...] = ()
    """What the gateway left out, or made otherwise, of the table that it acknowledged last."""
