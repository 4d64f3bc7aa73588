"""What carries traffic: pools of a gateway that rules lead to, and where their addresses lie."""

from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.gateway_rules import find_led_pools
from bascule.gateway.ownership import has_clients


def find_live_pools(gateway: Document) -> tuple[str, ...]:
    """Return the names of the gateway's pools with addresses that some rule leads clients to."""
    led = find_led_pools(gateway, has_clients)
    return tuple(
        text_at(pool, "name")
        for pool in list_at(gateway, "properties", "backendAddressPools")
        if _addresses(pool) and text_at(pool, "name").lower() in led
    )


def find_live_addresses(gateway: Document) -> tuple[str, ...]:
    """Return the addresses and names in these pools, sorted."""
    live = set(find_live_pools(gateway))
    pools = list_at(gateway, "properties", "backendAddressPools")
    found = (a for pool in pools if text_at(pool, "name") in live for a in _addresses(pool))
    return tuple(sorted(set(found)))


def find_behind(addresses: Sequence[str], ranges: Sequence[str]) -> tuple[str, ...]:
    """Return those of the addresses that lie in one of the ranges."""
    networks = [IPv4Network(text) for text in ranges]
    return tuple(each for each in addresses if _is_in(each, networks))


def _is_in(text: str, networks: Sequence[IPv4Network]) -> bool:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return any(address in network for network in networks)


def _addresses(pool: Document) -> tuple[str, ...]:
    found = list_at(pool, "properties", "backendAddresses")
    texts = (text_at(each, "ipAddress") or text_at(each, "fqdn") for each in found)
    return tuple(text for text in texts if text)
