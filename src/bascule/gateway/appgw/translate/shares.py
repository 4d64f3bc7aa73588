"""How pools of both clusters come near to a wanted share: each member gets as much as any other."""

from bascule.routing.weights import TOTAL_BP, Weights


def choose_members(blue: int, green: int, wanted: Weights) -> tuple[int, int]:
    """Return how many of `blue` and `green` members a pool holds for the share that is nearest.

    At least one of each that has any; of equally near ones that with the most members, then that
    with the least of green.
    """
    if not blue or not green:
        return blue, green
    near = _nearest(blue, green, wanted)
    return max(near, key=lambda pair: (-_distance(pair, wanted), sum(pair), pair[0]))


def reachable_bp(blue: int, green: int, wanted: Weights) -> int:
    """Return the share of green, in hundredths of a percent, that comes nearest to `wanted`."""
    of_blue, of_green = choose_members(blue, green, wanted)
    both = of_blue + of_green
    return round(TOTAL_BP * of_green / both) if both else 0


def _nearest(blue: int, green: int, wanted: Weights) -> list[tuple[int, int]]:
    """Return, for each number of blue members, the numbers of green on both sides of the share."""
    pairs = []
    for of_blue in range(1, blue + 1):
        exact = of_blue * wanted.green_bp // max(1, wanted.blue_bp)
        pairs += [(of_blue, max(1, min(green, n))) for n in (exact, exact + 1)]
    return pairs


def _distance(pair: tuple[int, int], wanted: Weights) -> float:
    of_blue, of_green = pair
    return abs(TOTAL_BP * of_green / (of_blue + of_green) - wanted.green_bp)
