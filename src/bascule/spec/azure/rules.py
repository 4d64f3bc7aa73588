"""What has to hold between the parts of a platform: subnets exist, ranges fit, names differ."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from bascule.spec.azure.access import Controller
from bascule.spec.azure.cluster import BlueCluster, PlatformClusters, Pool, PoolChange
from bascule.spec.azure.network import ApplicationGateway, Network
from bascule.spec.document import FieldPath
from bascule.spec.mistakes import Mistake


def check_ranges(network: Network) -> Iterator[Mistake]:
    """Each subnet lies in the address space, and no two overlap."""
    spaces = [IPv4Network(space) for space in network.address_space]
    ranges = [IPv4Network(subnet.prefix) for subnet in network.subnets]
    for index, found in enumerate(ranges):
        path: FieldPath = ("network", "subnets", index, "prefix")
        if not any(found.subnet_of(space) for space in spaces):
            said = f"{found} is not in the network's address space"
            yield Mistake(path, said, f"it has {', '.join(network.address_space)}")
        for other, before in zip(network.subnets, ranges[:index], strict=False):
            if found.overlaps(before):
                yield Mistake(path, f"{found} overlaps {before} of the subnet {other.name}")


def check_subnets(
    network: Network, gateway: ApplicationGateway, clusters: PlatformClusters
) -> Iterator[Mistake]:
    """Each subnet that is named exists, and the gateway has its own for itself."""
    known = [subnet.name for subnet in network.subnets]
    for path, name in _named_subnets(gateway, clusters):
        if name not in known:
            yield Mistake(path, f"there is no subnet {name!r}", f"one of: {', '.join(known)}")
        elif name == gateway.subnet and path[0] == "clusters":
            said = f"the subnet {name} is the gateway's, which Azure wants to have it for itself"
            yield Mistake(path, said, "name another subnet")


def _named_subnets(
    gateway: ApplicationGateway, clusters: PlatformClusters
) -> Iterator[tuple[FieldPath, str]]:
    yield ("gateway", "subnet"), gateway.subnet
    blue, green = clusters.blue, clusters.green
    yield from _subnets_of("blue", blue.subnet, blue.pools)
    if green is not None:
        yield from _subnets_of("green", green.subnet, green.pools)


def _subnets_of(
    key: str, subnet: str | None, pools: Sequence[Pool | PoolChange]
) -> Iterator[tuple[FieldPath, str]]:
    if subnet is not None:
        yield ("clusters", key, "subnet"), subnet
    for index, pool in enumerate(pools):
        for field, name in (("subnet", pool.subnet), ("podSubnet", pool.pod_subnet)):
            if name is not None:
                yield ("clusters", key, "pools", index, field), name


def check_pods(network: Network, blue: BlueCluster) -> Iterator[Mistake]:
    """Pods and services of blue have addresses that no subnet has."""
    own = (("podCidr", blue.network.pod_cidr), ("serviceCidr", blue.network.service_cidr))
    for field, text in own:
        for subnet in network.subnets if text is not None else ():
            if IPv4Network(text).overlaps(IPv4Network(subnet.prefix)):
                said = f"{text} overlaps {subnet.prefix} of the subnet {subnet.name}"
                yield Mistake(("clusters", "blue", "network", field), said)


def check_clusters(clusters: PlatformClusters) -> Iterator[Mistake]:
    """Blue and green are two, also in their node resource groups."""
    blue, green = clusters.blue, clusters.green
    if green is None:
        return
    if green.name.lower() == blue.name.lower():
        yield Mistake(("clusters", "green", "name"), "blue and green have the same name")
    group = green.node_resource_group
    if group is not None and group.lower() == (blue.node_resource_group or "").lower():
        path: FieldPath = ("clusters", "green", "nodeResourceGroup")
        yield Mistake(path, "is blue's", "name another, or none")


def check_controller(controller: Controller | None, blue: BlueCluster) -> Iterator[Mistake]:
    """Whoever signs in from a cluster needs workload identity there."""
    if controller is None or not controller.service_accounts or blue.workload_identity:
        return
    yield Mistake(
        ("controller", "serviceAccounts"),
        "nobody in the clusters can sign in: workload identity is off",
        "write `workloadIdentity: true` of blue, or `serviceAccounts: []`",
    )
