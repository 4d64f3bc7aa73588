"""How an order ended, as every verb's JSON shows it."""

from bascule.journal.record import Json
from bascule.upgrade.encoding import render_split, render_time
from bascule.upgrade.state import Outcome


def outcome_document(outcome: Outcome) -> dict[str, Json]:
    """Return how one order ended; null is not known, or does not apply."""
    return {
        "order_id": outcome.order_id,
        "kind": outcome.kind,
        "result": outcome.result.value,
        "at": outcome.stamp.at.isoformat(),
        "actor": outcome.stamp.actor,
        "reason": outcome.reason,
        "remedy": outcome.remedy,
        "notes": list(outcome.notes),
        "before": None if outcome.before is None else render_split(outcome.before),
        "weights": None if outcome.split is None else render_split(outcome.split),
        "command_ms": outcome.command_ms,
        "acknowledged_at": render_time(outcome.acknowledged_at),
        "effective_at": render_time(outcome.effective_at),
        "instances": outcome.instances,
        "witness": None if outcome.witness is None else dict(outcome.witness),
    }
