"""How a split is shown to a person and to a script."""

from collections.abc import Mapping

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.weights import Split, Weights, render_percent
from bascule.upgrade.encoding import render_split
from bascule.upgrade.state import GatewayState, Outcome


def render_weights(weights: Weights) -> str:
    """Return weights as `blue 90 %, green 10 %`."""
    return ", ".join(f"{c} {render_percent(weights.of(c))}" for c in Cluster)


def render_topology(active: Cluster, split: Split) -> list[str]:
    """Return lines that say who gets what share of the requests."""
    lines = [f"{c:<6} {render_percent(split.default.of(c)):>8}" for c in Cluster]
    lines = [
        f"{line}  active" if cluster is active else line
        for line, cluster in zip(lines, Cluster, strict=True)
    ]
    return [*lines, *(f"{h}: {render_weights(w)}" for h, w in split.by_host.items())]


def render_outcome(outcome: Outcome, operator_ms: float | None) -> list[str]:
    """Return how an order ended, as lines."""
    took = f"{outcome.command_ms:.1f} ms" if outcome.command_ms is not None else "not known"
    lines = [f"{outcome.kind}: {outcome.result.value}"]
    lines += [f"  note: {note}" for note in outcome.notes]
    lines.append(f"  command {took} on {outcome.instances} gateway instance(s)")
    if operator_ms is not None:
        lines.append(f"  from the command line to here {operator_ms:.0f} ms")
    return lines


def state_document(state: GatewayState) -> Mapping[str, Json]:
    """Return the topology as every verb's JSON shows it."""
    return {
        "active": state.active.value,
        "weights": render_split(state.split),
        "rollback_to": render_split(state.homes[-1]) if state.homes else None,
    }
