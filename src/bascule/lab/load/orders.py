"""What the story tells a running generator, one JSON object a line: what was switched, and when."""

from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from bascule.errors import UsageError

LINE_MAX_BYTES = 16_000_000


class Command(msgspec.Struct, frozen=True, kw_only=True, tag="command", tag_field="op"):
    """A switch that somebody made. Times are CLOCK_MONOTONIC seconds of this machine.

    `to` is the cluster that takes everything afterwards; empty after a split. Unknown times are
    None: what depends on them is then reported as unknown.
    """

    name: str
    begun_s: float
    ended_s: float
    to: str = ""
    intent_s: float | None = None
    acknowledged_s: float | None = None
    effective_s: float | None = None


class Drained(msgspec.Struct, frozen=True, kw_only=True, tag="drained", tag_field="op"):
    """A cluster was declared drained: streams may be cut from here on."""

    cluster: str
    at_s: float


class Effects(msgspec.Struct, frozen=True, kw_only=True, tag="effects", tag_field="op"):
    """The ledger of one cluster: how often each idempotency key took effect there."""

    cluster: str
    count_by_key: dict[str, int]


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop", tag_field="op"):
    """Schedule no more requests, wait for those in flight, and say so."""


class Judge(msgspec.Struct, frozen=True, kw_only=True, tag="judge", tag_field="op"):
    """All that there is to know was told: write the verdict."""


Order: TypeAlias = Command | Drained | Effects | Stop | Judge
_DECODER: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


@dataclass(slots=True)
class Story:
    """What is known of the switches, in the order in which it was told."""

    commands: list[Command] = field(default_factory=list)
    drained: dict[str, float] = field(default_factory=dict)
    effects: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, order: Command | Drained | Effects) -> None:
        """Add an order."""
        match order:
            case Command():
                self.commands.append(order)
            case Drained():
                self.drained[order.cluster] = order.at_s
            case Effects():
                self.effects[order.cluster] = order.count_by_key


def parse_order(line: bytes) -> Order:
    """Return the order in `line`. Raises UsageError."""
    try:
        order: Order = _DECODER.decode(line)
    except msgspec.DecodeError as error:
        raise UsageError(f"the generator does not understand this order: {error}") from error
    return order
