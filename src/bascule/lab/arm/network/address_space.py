"""Address prefixes of virtual networks and subnets: which Azure accepts, and how many are free."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from itertools import islice
from typing import Any

from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.resources import Document

RESERVED = 5
"""Azure keeps the first four addresses of a subnet and the last one."""

SMALLEST_PREFIX = 29
_RESERVED_AT_START = 4


def read_prefix(text: object) -> IPv4Network:
    """Return a prefix. Raises ArmRefusal if it is none, or has host bits set."""
    try:
        loose = IPv4Network(str(text), strict=False)
    except ValueError:
        raise ArmRefusal(
            400,
            "InvalidAddressPrefixFormat",
            f"Address prefix {text} is not formatted correctly. It should follow CIDR notation, "
            "for example 10.0.0.0/24.",
        ) from None
    if str(text).partition("/")[0] != str(loose.network_address):
        raise ArmRefusal(
            400,
            "InvalidCIDRNotation",
            f"The address prefix {text} has an invalid CIDR notation. For the given prefix length, "
            f"the address prefix should be {loose}.",
        )
    return loose


def prefixes_of(subnet: Mapping[str, Any]) -> tuple[IPv4Network, ...]:
    """Return a subnet's prefixes, from `addressPrefixes` or `addressPrefix`."""
    properties = subnet["properties"]
    texts = properties.get("addressPrefixes") or [properties.get("addressPrefix")]
    return tuple(read_prefix(text) for text in texts)


def check_space(network: Document) -> None:
    """Raise ArmRefusal unless each subnet lies in the network's space and none overlaps another."""
    space = network["properties"].get("addressSpace", {}).get("addressPrefixes") or []
    if not space:
        raise ArmRefusal(
            400,
            "AddressSpaceNotSpecified",
            f"Virtual network {network['id']} has no address prefix.",
        )
    outer = [read_prefix(text) for text in space]
    for place, one in enumerate(outer):
        if any(one.overlaps(other) for other in outer[:place]):
            raise ArmRefusal(
                400,
                "VnetAddressSpaceOverlaps",
                f"Address prefixes of virtual network {network['id']} overlap.",
            )
    taken: list[IPv4Network] = []
    for subnet in network["properties"].get("subnets") or ():
        prefixes = prefixes_of(subnet)
        _check_subnet(subnet["name"], network["name"], prefixes, outer)
        if any(one.overlaps(other) for one in prefixes for other in taken):
            raise ArmRefusal(
                400,
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{subnet['name']}' is not valid because its IP address range overlaps "
                f"with that of an existing subnet in virtual network '{network['name']}'.",
            )
        taken.extend(prefixes)


def usable_addresses(subnet: Mapping[str, Any]) -> int:
    """Return how many addresses of a subnet may be given to anything."""
    return sum(prefix.num_addresses - RESERVED for prefix in prefixes_of(subnet))


def is_reserved(subnet: Mapping[str, Any], address: IPv4Address) -> bool:
    """Say whether Azure keeps an address of a subnet for itself."""
    return any(
        address in prefix
        and (
            int(address) - int(prefix.network_address) < _RESERVED_AT_START
            or address == prefix.broadcast_address
        )
        for prefix in prefixes_of(subnet)
    )


def free_addresses(subnet: Mapping[str, Any], used: set[str], count: int) -> list[str]:
    """Return the first free addresses of a subnet."""
    free = (
        str(address)
        for prefix in prefixes_of(subnet)
        for address in islice(prefix.hosts(), _RESERVED_AT_START - 1, None)
        if str(address) not in used
    )
    return list(islice(free, count))


def _check_subnet(
    name: str, network: str, prefixes: Sequence[IPv4Network], outer: Sequence[IPv4Network]
) -> None:
    for prefix in prefixes:
        inside = any(prefix.subnet_of(each) for each in outer)
        if not inside or prefix.prefixlen > SMALLEST_PREFIX:
            raise ArmRefusal(
                400,
                "NetcfgInvalidSubnet",
                f"Subnet '{name}' is not valid in virtual network '{network}'.",
            )
