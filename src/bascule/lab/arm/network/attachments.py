"""What uses a subnet or a public IP: the back references that Azure shows and holds deletions to.

A subnet lives inside its network's document only, so all who give addresses to something (gateways
here, nodes and pods of AKS) note it through these functions.
"""

from collections.abc import Iterator, Sequence

from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.resources import Document, ResourceStore

IP_CONFIGURATIONS = "ipConfigurations"
GATEWAY_CONFIGURATIONS = "applicationGatewayIPConfigurations"
PRIVATE_ENDPOINTS = "privateEndpoints"
USES = (
    IP_CONFIGURATIONS,
    GATEWAY_CONFIGURATIONS,
    PRIVATE_ENDPOINTS,
    "serviceAssociationLinks",
    "resourceNavigationLinks",
)
"""Properties of a subnet that list who uses it."""

_PUBLIC_PREFIX = "127.255"
_PUBLIC_MAX = 65_534


def find_subnet(resources: ResourceStore, subnet_id: str) -> Document | None:
    """Return a subnet as ARM shows it, or None."""
    network = resources.find(subnet_id.rstrip("/").rsplit("/", 2)[0])
    return subnet_in(network, subnet_id) if network is not None else None


def subnet_in(network: Document, subnet_id: str) -> Document | None:
    """Return the live subnet inside a network's document, or None."""
    name = parse_path(subnet_id).name.lower()
    for subnet in network["properties"].get("subnets") or ():
        if subnet["name"].lower() == name:
            found: Document = subnet
            return found
    return None


def users_of(subnet: Document) -> Iterator[str]:
    """Yield the ids of all that uses a subnet."""
    for use in USES:
        for each in subnet["properties"].get(use) or ():
            yield str(each.get("id", ""))


def attach(
    resources: ResourceStore,
    subnet_id: str,
    references: Sequence[str],
    *,
    use: str = IP_CONFIGURATIONS,
) -> None:
    """Note that these use a subnet, one address each, such as ids of `.../ipConfigurations/x`.

    Nothing happens if there is no such subnet, and for those that are noted already.
    """
    network = resources.find(subnet_id.rstrip("/").rsplit("/", 2)[0])
    subnet = subnet_in(network, subnet_id) if network is not None else None
    if network is None or subnet is None:
        return
    noted = subnet["properties"].get(use) or []
    by_key = {each["id"].lower(): each for each in noted}
    for reference in references:
        by_key.setdefault(reference.lower(), {"id": reference})
    if len(by_key) > len(noted):
        subnet["properties"][use] = list(by_key.values())
        resources.put(network)


def detach(resources: ResourceStore, subnet_id: str, owner_id: str) -> None:
    """Forget every use of a subnet by a resource: all references below its id."""
    network = resources.find(subnet_id.rstrip("/").rsplit("/", 2)[0])
    subnet = subnet_in(network, subnet_id) if network is not None else None
    if network is None or subnet is None:
        return
    for use in USES:
        noted = subnet["properties"].get(use)
        if noted is None:
            continue
        kept = [each for each in noted if not _is_below(each["id"], owner_id)]
        if kept:
            subnet["properties"][use] = kept
        else:
            del subnet["properties"][use]
    resources.put(network)


def allocate_public_address(resources: ResourceStore) -> str:
    """Return a public address, 127.255.0.1 and up, that no public IP has."""
    taken = {
        document["properties"].get("ipAddress")
        for document in resources.of_type("Microsoft.Network/publicIPAddresses")
    }
    for number in range(1, _PUBLIC_MAX):
        address = f"{_PUBLIC_PREFIX}.{number // 256}.{number % 256}"
        if address not in taken:
            return address
    raise RuntimeError(f"all {_PUBLIC_MAX} public addresses of the lab are taken")


def _is_below(reference: str, owner_id: str) -> bool:
    return (reference.lower() + "/").startswith(owner_id.rstrip("/").lower() + "/")
