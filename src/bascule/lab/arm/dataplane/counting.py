"""What one instance of a gateway has counted since it started, from Envoy's own statistics."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

_MADE = (
    "upstream_cx_none_healthy",
    "upstream_rq_pending_failure_eject",
    "upstream_rq_rx_reset",
    "upstream_rq_timeout",
    "upstream_rq_per_try_idle_timeout",
)
"""Each led to an answer of the gateway itself, unless the answer had begun before."""
_GROUPS = ("1xx", "2xx", "3xx", "4xx", "5xx")
_BACKEND = (
    *(f"upstream_rq_{group}" for group in _GROUPS),
    *_MADE,
    "membership_healthy",
    "membership_total",
)
_FRONTEND = (
    *(f"downstream_rq_{group}" for group in _GROUPS),
    "downstream_cx_active",
    "downstream_cx_tx_bytes_total",
)
COUNTED = rf"^(cluster\..*\.({'|'.join(_BACKEND)})|http\..*\.({'|'.join(_FRONTEND)}))$"
"""The names of the statistics that are read."""
_NAME = re.compile(r"^(cluster|http)\.(.+)\.(\w+)$")
_ADMIN = "admin"
_AGAIN = (".external", ".internal")
"""Envoy counts each answer once more by who asked."""

Pair = tuple[str, str]
"""Names of a pool and of the settings that reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendReading:
    """Totals of one pool as it is reached by one of the settings."""

    answers: Mapping[str, int] = field(default_factory=dict)
    """By group, such as `2xx`: what the backends answered, and no answer of the gateway's own."""
    failed: int = 0
    """5xx, of backends and of the gateway."""
    healthy: int = 0
    unhealthy: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Totals of one instance; they fall when it is started anew."""

    backends: Mapping[Pair, BackendReading] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    """What clients were answered, by group."""
    connections: int = 0
    """Of clients, open now."""
    sent_bytes: int = 0


class Meter(Protocol):
    """Takes down what instances have counted."""

    sample_every_s: float

    def note(self, gateway_id: str, instance: str, reading: Reading, at_s: float) -> None:
        """Take down what an instance has counted by now, in seconds since 1970."""
        ...


def read_figures(numbers: Mapping[str, int]) -> Reading:
    """Return what Envoy's statistics say, by their names."""
    backends: dict[str, dict[str, int]] = {}
    front: dict[str, int] = {}
    for name, value in numbers.items():
        found = _NAME.match(name)
        if found is None:
            continue
        kind, owner, figure = found.groups()
        if owner.endswith(_AGAIN):
            continue
        if kind == "cluster":
            backends.setdefault(owner, {})[figure] = value
        elif owner != _ADMIN:
            front[figure] = front.get(figure, 0) + value
    return Reading(
        backends={
            (pool, settings): _read_backend(figures)
            for name, figures in backends.items()
            for pool, _, settings in (name.partition("~"),)
        },
        statuses={group: front.get(f"downstream_rq_{group}", 0) for group in _GROUPS},
        connections=front.get("downstream_cx_active", 0),
        sent_bytes=front.get("downstream_cx_tx_bytes_total", 0),
    )


def _read_backend(figures: Mapping[str, int]) -> BackendReading:
    answers = {group: figures.get(f"upstream_rq_{group}", 0) for group in _GROUPS}
    failed = answers["5xx"]
    answers["5xx"] -= min(failed, sum(figures.get(name, 0) for name in _MADE))
    healthy = figures.get("membership_healthy", 0)
    return BackendReading(
        answers=answers,
        failed=failed,
        healthy=healthy,
        unhealthy=max(0, figures.get("membership_total", 0) - healthy),
    )
