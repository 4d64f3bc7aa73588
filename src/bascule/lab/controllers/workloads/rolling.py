"""The arithmetic of a rolling update, as the Deployment controller does it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A ReplicaSet: replicas wanted by its spec, and how many of its pods are available."""

    name: str
    wanted: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far a rollout may go above and below the wanted number of replicas."""

    replicas: int
    max_surge: int
    max_unavailable: int


def parse_bounds(replicas: int, surge: int | str, unavailable: int | str) -> Bounds:
    """Resolve percentages: surge rounds up, unavailable down; both 0 would never move, so 1."""
    max_surge = resolve(surge, replicas, rounds_up=True)
    max_unavailable = resolve(unavailable, replicas, rounds_up=False)
    if max_surge == 0 and max_unavailable == 0:
        max_unavailable = 1
    return Bounds(
        replicas=replicas, max_surge=max_surge, max_unavailable=min(max_unavailable, replicas)
    )


def resolve(value: int | str, total: int, *, rounds_up: bool) -> int:
    """Return an absolute number for one that may be a percentage such as `25%`."""
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        return int(value)
    share = int(value.removesuffix("%")) * total / 100
    return math.ceil(share) if rounds_up else math.floor(share)


def plan_rollout(bounds: Bounds, new: Sized, old: Sequence[Sized]) -> dict[str, int]:
    """Return the next `spec.replicas` by name for the ReplicaSets that change; empty: none.

    `old` is ordered oldest first. The new set grows as far as the surge allows; else the old ones
    shrink, first their unavailable pods, then available ones as long as enough are left.
    """
    grown = _grow(bounds, new, old)
    if grown != new.wanted:
        return {new.name: grown}
    return _shrink(bounds, new, old)


def _grow(bounds: Bounds, new: Sized, old: Sequence[Sized]) -> int:
    if new.wanted >= bounds.replicas:
        return bounds.replicas
    total = new.wanted + sum(item.wanted for item in old)
    room = bounds.replicas + bounds.max_surge - total
    return min(bounds.replicas, new.wanted + max(0, room))


def _shrink(bounds: Bounds, new: Sized, old: Sequence[Sized]) -> dict[str, int]:
    sizes = {item.name: item.wanted for item in old if item.wanted > 0}
    if not sizes:
        return {}
    total = new.wanted + sum(sizes.values())
    min_available = bounds.replicas - bounds.max_unavailable
    new_unavailable = new.wanted - new.available
    budget = total - min_available - new_unavailable
    if budget <= 0:
        return {}
    result = _take_unhealthy(old, sizes, budget)
    available = new.available + sum(item.available for item in old)
    spare = available - min_available
    for item in old:
        left = result.get(item.name, item.wanted)
        taken = min(left, max(0, spare))
        if taken:
            result[item.name] = left - taken
            spare -= taken
    return result


def _take_unhealthy(old: Sequence[Sized], sizes: dict[str, int], budget: int) -> dict[str, int]:
    result = {}
    for item in old:
        unhealthy = sizes.get(item.name, 0) - item.available
        taken = min(budget, max(0, unhealthy))
        if taken:
            result[item.name] = item.wanted - taken
            budget -= taken
    return result


def spread_proportionally(bounds: Bounds, sets: Sequence[Sized]) -> dict[str, int]:
    """Share a changed number of replicas among several active sets, by their size.

    The largest set takes what rounding leaves over. Used while a rollout is under way or paused.
    """
    total = sum(item.wanted for item in sets)
    allowed = bounds.replicas + (bounds.max_surge if bounds.replicas > 0 else 0)
    if total in {0, allowed}:
        return {}
    change = allowed - total
    ordered = sorted(sets, key=lambda item: (-item.wanted, item.name))
    sizes = {item.name: item.wanted + round(change * item.wanted / total) for item in ordered}
    rest = allowed - sum(sizes.values())
    first = ordered[0]
    sizes[first.name] = max(0, sizes[first.name] + rest)
    return {item.name: sizes[item.name] for item in ordered if sizes[item.name] != item.wanted}
