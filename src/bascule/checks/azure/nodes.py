"""How many nodes pools need, those that an upgrade of their own adds for a while included."""

import math

from bascule.checks.azure.facts import PoolFacts

DEFAULT_SURGE = "10%"
"""What AKS takes for a pool that says nothing."""


def surge_nodes(pool: PoolFacts, nodes: int) -> int:
    """Return how many nodes an upgrade of the pool adds; a part of a node is a whole one."""
    text = pool.surge or DEFAULT_SURGE
    number, is_percent = text.removesuffix("%"), text.endswith("%")
    value = int(number) if number.isdecimal() else 1
    return math.ceil(nodes * value / 100) if is_percent else value


def nodes_now(pool: PoolFacts) -> int:
    """Return the pool's nodes as they are, with those of a surge."""
    return pool.nodes + surge_nodes(pool, pool.nodes)


def nodes_at_most(pool: PoolFacts) -> int:
    """Return the pool's nodes when its autoscaler has done all it may, with those of a surge."""
    most = max(pool.nodes, pool.nodes_max)
    return most + surge_nodes(pool, most)
