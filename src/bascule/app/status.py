"""What the journal tells `bascule status`, as JSON; null is not known, never none."""

from bascule.app.outcomes import outcome_document
from bascule.app.upgrades import summarise_upgrade
from bascule.journal.record import Json
from bascule.upgrade.encoding import render_split
from bascule.upgrade.state import GatewayState

OUTCOMES_MAX = 10

CONTROLLER_KEYS = (
    "clusters",
    "routes",
    "problems_total",
    "problems",
    "is_pending",
    "applied_weights",
    "applied_table_digest",
    "faults",
    "news",
)
"""What only a runtime knows: null without one."""


def journal_document(state: GatewayState) -> dict[str, Json]:
    """Return what the journal alone tells."""
    flight = state.in_flight
    return {
        "active": state.active.value,
        "weights": render_split(state.split),
        "rollback_to": render_split(state.homes[-1]) if state.homes else None,
        "in_flight": None
        if flight is None
        else {
            "order_id": flight.intent.order_id,
            "kind": flight.intent.kind,
            "actor": flight.stamp.actor,
            "at": flight.stamp.at.isoformat(),
            "wanted": render_split(flight.intent.wanted),
        },
        "upgrade": summarise_upgrade(state),
        "orders": [outcome_document(o) for o in reversed(state.recent[-OUTCOMES_MAX:])],
    }
