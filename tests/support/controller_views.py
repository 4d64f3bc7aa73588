"""A moment of a controller: green's API is away, and the gateway does not take the table."""

from dataclasses import replace

from bascule.controller.cache import ClusterKnowledge, ClusterState
from bascule.controller.view import ControllerView, Fault
from bascule.ids import Cluster
from tests.support.orders import BLUE, START, percent
from tests.support.tables import route_set

KNOWN = ClusterKnowledge(
    state=ClusterState.SYNCED, since=START, reason="", is_complete=True, objects=4
)
VIEW = ControllerView(
    clusters={Cluster.BLUE: KNOWN, Cluster.GREEN: replace(KNOWN, state=ClusterState.STALE)},
    routes=route_set([]),
    wanted_split=percent(5),
    applied_split=BLUE,
    applied_table_digest="ab",
    is_pending=True,
    gateway_fault=Fault(message="no", remedy="", since=START, attempts=1),
    last_good_fault=None,
)
