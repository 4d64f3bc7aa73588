"""Checks that nothing which must outlive a cluster lies in its node resource group."""

from collections.abc import Iterator

from bascule.checks.azure.blocking import blocker
from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.ids import in_group, name_of, parent_id
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding


def check_placement(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for the gateway, its network, address or identity in such a group."""
    gateway = facts.gateway
    if isinstance(gateway, Unreadable):
        return ()
    found = [*_judge("GatewayInNodeGroup", facts, f"the gateway {gateway.name}", gateway.id)]
    if gateway.subnet_id:
        network_id = parent_id(gateway.subnet_id)
        what = f"the gateway's network {name_of(network_id)}"
        found += _judge("NetworkInNodeGroup", facts, what, network_id)
    for ip_id in gateway.public_ip_ids:
        what = f"the gateway's address {name_of(ip_id)}"
        found += _judge("AddressInNodeGroup", facts, what, ip_id)
    for identity_id in gateway.identity_ids:
        what = f"the gateway's identity {name_of(identity_id)}"
        found += _judge("IdentityInNodeGroup", facts, what, identity_id)
    return tuple(found)


def _judge(code: str, facts: AzureFacts, what: str, part_id: str) -> Iterator[Finding]:
    for role, cluster in facts.clusters.items():
        if in_group(part_id, cluster.node_group):
            yield blocker(
                code,
                "gateway",
                f"{what} lies in {cluster.node_group}, the node resource group of {role}"
                f" ({cluster.name}): it goes when {role} is deleted, and both clusters lose it",
                "move to a gateway and network in a resource group of their own first",
            )
