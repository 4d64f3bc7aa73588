"""Checks that subnets have enough free addresses for green beside blue.

What a cluster takes in a subnet, by how its pods get addresses: in the nodes' own subnet
(nodes + surge) x (1 + pods a node); with an overlay or kubenet the nodes + surge alone; with a
subnet for pods the nodes + surge in theirs, and in the pods' (nodes + surge) x pods a node, of
which a node takes 16 at a time. Internal load balancers take one each. Azure keeps five.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AksFacts, AzureFacts, PodNetwork, PoolFacts
from bascule.checks.azure.network_facts import SubnetFacts
from bascule.checks.azure.nodes import nodes_at_most, nodes_now
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding

KEPT_BY_AZURE = 5
"""Addresses of each prefix that nobody gets."""
POD_BATCH = 16
"""How many addresses a node takes at a time from a subnet for pods."""

Count = Callable[[PoolFacts], int]


def usable_addresses(prefixes: tuple[str, ...]) -> int:
    """Return how many addresses a subnet can hand out, by its IPv4 prefixes."""
    nets = (ip_network(prefix, strict=False) for prefix in prefixes if ":" not in prefix)
    return sum(max(0, net.num_addresses - KEPT_BY_AZURE) for net in nets)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Want:
    """What a cluster takes of a subnet, in addresses and in words."""

    least: int
    most: int
    words: str


def check_addresses(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each subnet too small for green, a warning where it may become so."""
    green = facts.green
    if isinstance(green, Unreadable) or green.exists:
        return ()
    found: list[Finding] = []
    for key, subnet in sorted(facts.subnets.items()):
        if isinstance(subnet, Unreadable):
            continue
        want = _wants_of(green, key)
        held = max(subnet.used, _held_by(facts.blue, key))
        found += _judge(subnet, want, held)
    return tuple(found)


def check_gateway_subnet(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a warning when the gateway has no room to grow to all the instances it may."""
    gateway = facts.gateway
    if isinstance(gateway, Unreadable):
        return ()
    subnet = facts.subnets.get(gateway.subnet_id.lower())
    if subnet is None or isinstance(subnet, Unreadable):
        return ()
    usable = usable_addresses(subnet.prefixes)
    if gateway.instances_max < usable:  # one more is its private frontend
        return ()
    return (
        warning(
            "GatewaySubnetSmall",
            "gateway",
            message=f"the subnet {subnet.name} has {usable} addresses for {gateway.instances_max}"
            f" instances that {gateway.name} may grow to, and a private frontend",
            remedy="take a larger subnet, or fewer instances",
        ),
    )


def _held_by(cluster: AksFacts | Unreadable, key: str) -> int:
    """Return what blue holds by arithmetic, should Azure's own list be short."""
    if isinstance(cluster, Unreadable) or not cluster.is_running:
        return 0
    return _total(cluster, key, lambda pool: pool.nodes)


def _wants_of(cluster: AksFacts, key: str) -> _Want:
    pools = [p for p in cluster.pools if key in {p.subnet_id.lower(), p.pod_subnet_id.lower()}]
    words = [_words(cluster, pool, key) for pool in pools]
    if cluster.internal_addresses and _is_first_subnet(cluster, key):
        words.append(f"{cluster.internal_addresses} for internal load balancers")
    return _Want(
        least=_total(cluster, key, nodes_now),
        most=_total(cluster, key, nodes_at_most, is_full=True),
        words=" + ".join(words),
    )


def _total(cluster: AksFacts, key: str, count: Count, *, is_full: bool = False) -> int:
    """Return the addresses that a cluster takes; `is_full` counts every pod that there may be."""
    total = cluster.internal_addresses if _is_first_subnet(cluster, key) else 0
    for pool in cluster.pools:
        nodes = count(pool)
        if pool.subnet_id.lower() == key:
            pods = pool.pods_max if cluster.pod_network is PodNetwork.NODE_SUBNET else 0
            total += nodes * (1 + pods)
        if pool.pod_subnet_id.lower() == key:
            total += nodes * (max(POD_BATCH, pool.pods_max) if is_full else POD_BATCH)
    return total


def _is_first_subnet(cluster: AksFacts, key: str) -> bool:
    """Return whether internal load balancers stand there: in the first pool's, if nobody says."""
    return bool(cluster.pools) and cluster.pools[0].subnet_id.lower() == key


def _words(cluster: AksFacts, pool: PoolFacts, key: str) -> str:
    nodes = f"({pool.nodes} nodes + {nodes_now(pool) - pool.nodes} surge)"
    if pool.subnet_id.lower() != key:
        return f"{nodes} x {POD_BATCH} pods at least"
    if cluster.pod_network is PodNetwork.NODE_SUBNET:
        return f"{nodes} x (1 + {pool.pods_max} pods)"
    return nodes


def _judge(subnet: SubnetFacts, want: _Want, held: int) -> Iterator[Finding]:
    usable = usable_addresses(subnet.prefixes)
    free = max(0, usable - held)
    said = f"{free} of {usable} addresses of the subnet {subnet.name} are free"
    if want.least > free:
        yield blocker(
            "SubnetFull",
            "green",
            message=f"{said}, and green needs {want.least}: {want.words}",
            remedy="give green a subnet of its own (a gateway reaches it by peering or in the"
            " same network), fewer nodes, or fewer pods a node",
        )
    elif want.most > free:
        yield warning(
            "SubnetTight",
            "green",
            message=f"{said}, and green needs {want.most} if its autoscaler does all it may and"
            " its nodes are full",
            remedy="give green a subnet of its own, or lower what its autoscaler may",
        )
