"""Shares by numbers: how many addresses of each cluster make which percentage of the requests.

A gateway without weights sends to each address equally often, so of three addresses in blue and two
in green it can be made to send green 0, 25, 33.3, 40, 50, 66.7 or 100 percent, and no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from bascule.routing.weights import TOTAL_BP


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """How many addresses of each cluster take part."""

    blue: int
    green: int

    @property
    def green_share(self) -> Fraction:
        """The share of the requests that green gets; 0 where nobody takes part."""
        return Fraction(self.green, max(1, self.blue + self.green))


def choose_members(blue: int, green: int, green_bp: int) -> Members:
    """Return how many of so many addresses come nearest to `green_bp`; of equals, the most.

    A cluster that is to get something, and has an address, takes part with one at least; one that
    is to get nothing with none.
    """
    if green_bp == 0 or not green:
        return Members(blue=blue, green=0)
    if green_bp == TOTAL_BP or not blue:
        return Members(blue=0, green=green)
    wanted = Fraction(green_bp, TOTAL_BP)
    return min(
        _list_candidates(blue, green, wanted),
        key=lambda m: (abs(m.green_share - wanted), -(m.blue + m.green)),
    )


def list_shares(blue: int, green: int) -> tuple[Fraction, ...]:
    """Return all shares that green can get, in order."""
    found = {Fraction(0), Fraction(1)} if blue and green else {Fraction(int(green > 0))}
    for some in range(1, green + 1):
        found |= {Fraction(some, some + others) for others in range(1, blue + 1)}
    return tuple(sorted(found))


def _list_candidates(blue: int, green: int, wanted: Fraction) -> Iterator[Members]:
    """Yield, for each number of green's addresses, the two numbers of blue's that fit best."""
    for some in range(1, green + 1):
        exact = some * (1 - wanted) / wanted
        for others in {int(exact), int(exact) + 1}:
            yield Members(blue=min(max(others, 1), blue), green=some)
