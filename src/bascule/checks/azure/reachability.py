"""Checks that the gateway reaches the pods of both clusters, by how they get their addresses."""

import json
from collections.abc import Iterator
from ipaddress import ip_network

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import (
    AksFacts,
    AzureFacts,
    Backends,
    InsideFacts,
    PodNetwork,
)
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.ids import parent_id, same_id
from bascule.checks.azure.network_facts import NetworkFacts, SubnetFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding

EXTENSION, EXTENSION_NAMESPACE = "agic-overlay-extension-config", "kube-system"
"""What AGIC calls the object, and where its chart puts it: so there is one, whoever keeps it."""
EXTENSION_BITS = 24
USE_LOAD_BALANCER = "say `backends: loadBalancer`: one internal address for each cluster"


def check_overlays(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return why the gateway does not reach pods that have addresses of an overlay."""
    if facts.backends is Backends.LOAD_BALANCER:
        return ()
    overlays = [
        role
        for role, cluster in facts.clusters.items()
        if cluster.pod_network is PodNetwork.OVERLAY
    ]
    extended = tuple(each for role in overlays for each in _check_extension(role, facts))
    if len(overlays) < 2:
        return extended
    both = blocker(
        "TwoOverlays",
        "gateway",
        "both clusters have their pods on an overlay: nobody has shown yet that one gateway"
        " reaches the pods of two overlays",
        USE_LOAD_BALANCER,
    )
    return (both, *extended)


def check_pod_ranges(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker when two clusters with ranges of their own for pods share addresses."""
    if facts.backends is Backends.LOAD_BALANCER:
        return ()
    ranged = (PodNetwork.OVERLAY, PodNetwork.KUBENET)
    both = [each for each in facts.clusters.values() if each.pod_network in ranged]
    if len(both) < 2 or not _overlap(both[0], both[1]):
        return ()
    ranges = " and ".join(", ".join(each.pod_cidrs) for each in both)
    return (
        blocker(
            "PodRangesOverlap",
            "green",
            f"the pods of blue and green would have the same addresses: {ranges}",
            f"give green another range for pods, or {USE_LOAD_BALANCER}",
        ),
    )


def check_kubenet(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker when pods of kubenet have no route from the gateway's subnet."""
    gateway = facts.gateway
    if isinstance(gateway, Unreadable) or facts.backends is Backends.LOAD_BALANCER:
        return ()
    subnet = facts.subnets.get(gateway.subnet_id.lower())
    if subnet is None or isinstance(subnet, Unreadable):
        return ()
    roles = [r for r, each in facts.clusters.items() if each.pod_network is PodNetwork.KUBENET]
    if not roles or (subnet.route_table is not None and len(roles) < 2):
        return ()
    if subnet.route_table is None:
        said = f"the gateway's subnet {subnet.name} has no route table with the routes to its pods"
    else:
        said = f"the gateway's subnet {subnet.name} can hold the route table of one of them only"
    return (
        blocker(
            "KubenetNotRouted",
            roles[-1],
            f"{' and '.join(roles)} has its pods on kubenet, and {said}",
            f"{USE_LOAD_BALANCER}; kubenet ends in March 2028",
        ),
    )


def check_networks(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each cluster whose network the gateway's has no way to."""
    gateway = facts.gateway
    if isinstance(gateway, Unreadable) or not gateway.subnet_id:
        return ()
    home_id = parent_id(gateway.subnet_id)
    found: list[Finding] = []
    for role, cluster in facts.clusters.items():
        found += _check_network(role, cluster, gateway, facts.networks.get(home_id.lower()))
    return tuple(found)


def _check_network(
    role: str, cluster: AksFacts, gateway: GatewayFacts, home: NetworkFacts | Unreadable | None
) -> Iterator[Finding]:
    home_id = parent_id(gateway.subnet_id)
    ids = {pool.pod_subnet_id or pool.subnet_id: pool.name for pool in cluster.pools}
    for subnet_id, pool in sorted(ids.items()):
        if not subnet_id:
            if not cluster.exists:
                continue  # a network of its own is made with it; another check says so
            yield _unreached(role, gateway, f"the pool {pool} lies in a network of AKS's own")
            return
        network_id = parent_id(subnet_id)
        if same_id(network_id, home_id):
            continue
        if not isinstance(home, NetworkFacts):
            continue
        if not any(same_id(peer, network_id) for peer in home.peer_ids):
            yield _unreached(role, gateway, f"the pool {pool} lies in {network_id}")
            return


def check_own_network(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for a green that would get a network of its own, away from the gateway."""
    green = facts.green
    if isinstance(green, Unreadable) or green.exists:
        return ()
    alone = [pool.name for pool in green.pools if not pool.subnet_id]
    if not alone:
        return ()
    return (
        blocker(
            "GreenNetworkOwn",
            "green",
            f"the pool {alone[0]} of green names no subnet: AKS would make a network for it in"
            " green's node resource group, which the gateway has no way to",
            "name a subnet in the gateway's network, or in one peered with it",
        ),
    )


def _unreached(role: str, gateway: GatewayFacts, where: str) -> Finding:
    return blocker(
        "NetworkNotReached",
        role,
        f"{gateway.name} has no way to {role}: {where}, and the gateway's network is not peered"
        " with it",
        "peer the two networks in both directions, and see that both say Connected",
    )


def _check_extension(role: str, facts: AzureFacts) -> Iterator[Finding]:
    """Yield whether the cluster lets the gateway's subnet into its overlay, and how it would."""
    prefixes = _subnet_prefixes(facts)
    wanted = plan_extension(prefixes[0] if prefixes else "THE GATEWAY'S SUBNET")
    inside = facts.inside.get(role)
    ranges = inside.extensions if isinstance(inside, InsideFacts) else None
    if ranges is None or not prefixes:
        yield warning(
            "OverlayPods",
            role,
            message=f"{role} has its pods on an overlay, which a gateway reaches only while an"
            " OverlayExtensionConfig of the cluster names the gateway's subnet: without AGIC nobody"
            f" keeps that object{_say_size(prefixes)}",
            remedy=f"keep that object, or apply {wanted}; or {USE_LOAD_BALANCER}",
        )
    elif set(ranges) & set(prefixes):
        yield warning(
            "OverlayPods",
            role,
            message=f"{role} has its pods on an overlay, and lets {prefixes[0]} in by an"
            " OverlayExtensionConfig: without AGIC nobody keeps that object",
            remedy=f"keep that object, or {USE_LOAD_BALANCER}",
        )
    else:
        yield tell_not_extended(role, prefixes)


def tell_not_extended(role: str, prefixes: tuple[str, ...]) -> Finding:
    """Return the blocker of a cluster that does not let the gateway's subnet into its overlay."""
    return blocker(
        "OverlayNotExtended",
        role,
        f"{role} has its pods on an overlay, and no OverlayExtensionConfig of the cluster lets"
        f" the gateway's subnet {prefixes[0]} in{_say_size(prefixes)}",
        f"apply {plan_extension(prefixes[0])} there, and wait until its state is Succeeded;"
        f" or {USE_LOAD_BALANCER}",
    )


def find_extension(role: str, facts: AzureFacts) -> tuple[str, ...]:
    """Return the gateway's ranges one of which a cluster has to let in; none: it need not."""
    cluster = facts.clusters.get(role)
    is_overlay = cluster is not None and cluster.pod_network is PodNetwork.OVERLAY
    is_led_to_pods = facts.backends is not Backends.LOAD_BALANCER
    return _subnet_prefixes(facts) if is_overlay and is_led_to_pods else ()


def plan_extension(prefix: str) -> str:
    """Return the object by which a cluster lets a gateway's subnet into its overlay, as JSON."""
    return json.dumps(
        {
            "apiVersion": "acn.azure.com/v1alpha1",
            "kind": "OverlayExtensionConfig",
            "metadata": {"name": EXTENSION, "namespace": EXTENSION_NAMESPACE},
            "spec": {"extensionIPRange": prefix},
        }
    )


def _subnet_prefixes(facts: AzureFacts) -> tuple[str, ...]:
    gateway = facts.gateway
    if isinstance(gateway, Unreadable):
        return ()
    subnet = facts.subnets.get(gateway.subnet_id.lower())
    return subnet.prefixes if isinstance(subnet, SubnetFacts) else ()


def _say_size(prefixes: tuple[str, ...]) -> str:
    """Return what is known of other sizes than the documented one."""
    if not prefixes or ip_network(prefixes[0], strict=False).prefixlen == EXTENSION_BITS:
        return ""
    return f"; Azure documents that for subnets of /{EXTENSION_BITS}, which {prefixes[0]} is not"


def _overlap(one: AksFacts, other: AksFacts) -> bool:
    ours = [ip_network(text, strict=False) for text in one.pod_cidrs]
    theirs = [ip_network(text, strict=False) for text in other.pod_cidrs]
    return any(a.overlaps(b) for a in ours for b in theirs if a.version == b.version)
