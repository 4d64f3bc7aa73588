"""How long things take in Azure: medians of recorded operations, and the longest way through."""

from collections.abc import Mapping, Sequence

from bascule.platform.desired.model import Kind
from bascule.platform.plan.diff import FieldChange

CREATE_S: Mapping[Kind, float] = {
    Kind.NETWORK: 11.0,
    Kind.SUBNET: 1.0,
    Kind.PUBLIC_IP: 1.0,
    Kind.GATEWAY: 342.0,
    Kind.CLUSTER: 304.0,
    Kind.POOL: 196.0,
}
"""Medians of 156, 39, 105, 24, 432 and 114 recorded operations."""
CHANGE_S: Mapping[Kind, float] = {
    Kind.NETWORK: 11.0,
    Kind.SUBNET: 1.0,
    Kind.PUBLIC_IP: 1.0,
    Kind.GATEWAY: 8.0,
    Kind.CLUSTER: 113.0,
    Kind.POOL: 87.0,
}
"""The gateways of these records were idle ones; a busy one took 87 s."""
DELETE_S: Mapping[Kind, float] = {Kind.GATEWAY: 478.0, Kind.CLUSTER: 187.0, Kind.GROUP: 65.0}
STOP_S = 105.0
START_S = 252.0
"""Stopping and starting a cluster: four recorded operations each."""


def estimate_change(kind: Kind, changes: Sequence[FieldChange]) -> float | None:
    """Return how long a change takes; None where nothing is recorded."""
    return CHANGE_S.get(kind) if changes else None


def longest_way(
    seconds: Mapping[str, float], needs: Mapping[str, Sequence[str]], order: Sequence[str]
) -> float:
    """Return when the last ends, if each begins when all that it needs have ended.

    `order` has each key after those that it needs.
    """
    ends: dict[str, float] = {}
    for key in order:
        begin = max((ends[need] for need in needs.get(key, ()) if need in ends), default=0.0)
        ends[key] = begin + seconds.get(key, 0.0)
    return round(max(ends.values(), default=0.0), 1)
