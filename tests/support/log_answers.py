"""Diagnostic settings of gateways and answers to log queries, as short as tests need them."""

from collections.abc import Mapping, Sequence
from typing import Any

from bascule.gateway.appgw.log_query import BOUNDS_MS
from bascule.ids import Cluster
from tests.support.monitor_answers import stamp

Document = dict[str, Any]
WORKSPACE = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces"


def setting(
    workspace: str = "one",
    *,
    category: str = "ApplicationGatewayAccessLog",
    group: str = "",
    is_enabled: bool = True,
    kind: str | None = "Dedicated",
) -> Document:
    """Return a diagnostic setting with one kind of log; without a workspace where none is named."""
    named = {"categoryGroup": group} if group else {"category": category}
    properties: Document = {"logs": [{**named, "enabled": is_enabled}]}
    if workspace:
        properties["workspaceId"] = f"{WORKSPACE}/{workspace}"
    if kind is not None:
        properties["logAnalyticsDestinationType"] = kind
    return {"name": "logs", "properties": properties}


def row(
    start_s: float,
    *,
    others: int = 0,
    untold: int = 0,
    nowhere: int = 0,
    both: int = 0,
    **clusters: Mapping[str, Any],
) -> Document:
    """Return what is summed up of one minute; `took_ms` of a cluster are its requests."""
    found: Document = {"minute": stamp(start_s), "untold": untold, "nowhere": nowhere}
    found["both_clients"] = both
    total = others + untold + nowhere
    for cluster in Cluster:
        sums = clusters.get(cluster.value, {})
        took_ms: Sequence[float] = sums.get("took_ms", ())
        untimed = sums.get("untimed", 0)
        total += len(took_ms) + untimed
        found |= {
            f"{cluster}": len(took_ms) + untimed,
            f"{cluster}_failures": sums.get("failures", 0),
            f"{cluster}_timed": len(took_ms),
            f"{cluster}_clients": sums.get("clients", 1 if took_ms or untimed else 0),
            **{
                f"{cluster}_within_{number}": sum(each <= bound for each in took_ms)
                for number, bound in enumerate(BOUNDS_MS)
            },
        }
    return {**found, "requests": total}
