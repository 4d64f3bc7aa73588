"""Builders of orders, journals and views of both clusters; show only what matters to a test."""

from datetime import UTC, datetime

from bascule.ids import Cluster, CommandId
from bascule.journal.record import GENESIS, Entry, Record, build_record
from bascule.routing.model import RouteSet
from bascule.routing.weights import Split, Weights
from bascule.upgrade.events import (
    KIND_BY_EVENT,
    Event,
    Finished,
    Intended,
    Opened,
    Result,
    render_event,
)
from bascule.upgrade.readiness import ClusterLists, TrafficView
from bascule.upgrade.signals import Order, Signal
from bascule.upgrade.state import AnyEvent, GatewayState, Stamp, evolve
from tests.support.tables import backend, host, route, route_set

START = datetime(2026, 1, 1, tzinfo=UTC)
BLUE = Split(Weights.all_to(Cluster.BLUE))
GREEN = Split(Weights.all_to(Cluster.GREEN))


def percent(green: float) -> Split:
    """Return the split that gives green so many percent."""
    return Split(Weights(10_000 - round(green * 100)))


def order(signal: Signal, *, order_id: str = "o1", reason: str = "") -> Order:
    return Order(id=CommandId(order_id), at=START, actor="ada@desk", signal=signal, reason=reason)


def records_of(*events: Event) -> list[Record]:
    """Return the journal in which these events stand."""
    found: list[Record] = []
    for seq, event in enumerate(events, 1):
        entry = Entry(
            at=START, actor="ada@desk", kind=KIND_BY_EVENT[type(event)], data=render_event(event)
        )
        previous = found[-1].digest if found else GENESIS
        found.append(build_record(entry, seq=seq, generation=1, previous=previous))
    return found


def state_after(*events: AnyEvent) -> GatewayState:
    """Return the state after all traffic was blue and then these events happened."""
    state = evolve(None, Opened(split=BLUE), Stamp(seq=1, at=START, actor="ada@desk"))
    for seq, event in enumerate(events, 2):
        state = evolve(state, event, Stamp(seq=seq, at=START, actor="ada@desk"))
    return state


def moved(*splits: Split, kind: str = "weights") -> list[Event]:
    """Return the events of orders that took all traffic from blue through `splits`."""
    events: list[Event] = []
    before = BLUE
    for number, split in enumerate(splits):
        order_id = CommandId(f"m{number}")
        events += [
            Intended(order_id=order_id, kind=kind, before=before, wanted=split),
            Finished(order_id=order_id, result=Result.DONE, split=split),
        ]
        before = split
    return events


def shop_routes(*, blue: bool = True, green: bool = True) -> RouteSet:
    """Return one route that is ready in the clusters that are named."""
    sides = (
        backend(Cluster.BLUE, "web", *([1001] if blue else [])),
        backend(Cluster.GREEN, "web", *([2001] if green else [])),
    )
    return route_set([host("shop.example.com", route(*sides))])


def view(
    routes: RouteSet | None = None,
    *,
    blue: ClusterLists | None = None,
    green: ClusterLists | None = None,
) -> TrafficView:
    whole = ClusterLists(is_complete=True)
    return TrafficView(
        routes=routes if routes is not None else shop_routes(),
        lists={Cluster.BLUE: blue or whole, Cluster.GREEN: green or whole},
    )
