"""Whether what waits in the inbox leads back from what is under way, so that it need not wait."""

from collections.abc import Iterable

from bascule.errors import PlanError
from bascule.journal.store import Command
from bascule.upgrade.events import WAY_BACK
from bascule.upgrade.run.steering import calls_back, find_cancels
from bascule.upgrade.signals import Order, RollBack, parse_order
from bascule.upgrade.state import GatewayState


def is_known(state: GatewayState, order: Order) -> bool:
    """Whether the journal has the order already: what comes twice is one order."""
    return (
        any(
            upgrade.run_id == order.id or upgrade.signal(order.id) is not None
            for upgrade in state.upgrades
        )
        or state.outcome_of(order.id) is not None
    )


def is_overtaken(state: GatewayState, waiting: Iterable[Command]) -> bool:
    """Whether one of the orders that wait leads back from the change in flight.

    A way back is overtaken only by one that may cancel more of others' operations than it may.
    """
    flight = state.in_flight
    if flight is None:
        return False
    upgrade = state.unfinished
    is_way_back = upgrade is not None and upgrade.rollback is not None
    if is_way_back or flight.intent.kind == WAY_BACK:
        known = frozenset(flight.intent.cancels)
        return any(not _cancels(state, each) <= known for each in waiting)
    return is_called_back(state, waiting)


def is_called_back(state: GatewayState, waiting: Iterable[Command]) -> bool:
    """Whether one of the orders that wait is obeyed by going back: nothing is waited out then."""
    return any(_calls_back(state, each) for each in waiting)


def _cancels(state: GatewayState, command: Command) -> frozenset[str]:
    """Return whose operations a rollback that waits may cancel."""
    order = _parse(command)
    if order is None or is_known(state, order):
        return frozenset()
    return frozenset(find_cancels(order.signal, state.unfinished))


def _calls_back(state: GatewayState, command: Command) -> bool:
    order = _parse(command)
    if order is None or is_known(state, order):
        return False
    upgrade = state.unfinished
    if upgrade is None:
        return isinstance(order.signal, RollBack)
    return calls_back(upgrade, order)


def _parse(command: Command) -> Order | None:
    """Return the order, or None for what is none: whoever serves it says so."""
    try:
        return parse_order(command)
    except PlanError:
        return None
