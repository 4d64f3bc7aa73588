"""What the gateway and Envoy tell `bascule status`, as JSON; null is not known, never none."""

from collections.abc import Iterable

from bascule.gateway.driver import Observation
from bascule.gateway.envoy.process import Death
from bascule.journal.record import Json
from bascule.upgrade.encoding import render_split


def gateway_document(seen: Observation) -> dict[str, Json]:
    """Return what the gateway itself shows."""
    return {
        "convergence": seen.convergence.value,
        "reason": seen.reason,
        "instances": seen.instances,
        "table_digest": seen.table_digest,
        "weights": None if seen.split is None else render_split(seen.split),
        "traffic": {
            cluster.value: {
                "requests_total": traffic.requests_total,
                "requests_active": traffic.requests_active,
                "endpoints_healthy": traffic.endpoints_healthy,
                "failures_total": traffic.failures_total,
                "previews_total": traffic.previews_total,
                "clients": traffic.clients,
                "clients_of_both": traffic.clients_of_both,
                "source": traffic.source or None,
            }
            for cluster, traffic in seen.traffic.items()
        }
        or None,
    }


def envoy_document(pid: int | None, deaths: Iterable[Death], trouble: str = "") -> dict[str, Json]:
    """Return how our own Envoy fares; `trouble` is why it cannot be started again."""
    return {
        "pid": pid,
        "trouble": trouble or None,
        "deaths": [
            {
                "died_at": death.died_at.isoformat(),
                "ready_at": death.ready_at.isoformat() if death.ready_at else None,
                "exit_code": death.exit_code,
                "last_words": death.last_words,
            }
            for death in deaths
        ],
    }
