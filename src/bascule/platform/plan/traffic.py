"""What carries traffic: pools of a gateway that rules lead to, and where their addresses lie."""

from collections.abc import Iterator, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.resource_id import ResourceId


def find_live_pools(gateway: Document) -> tuple[str, ...]:
    """Return the names of the gateway's pools that have addresses and that some rule leads to."""
    led_to = {ResourceId(text).key for text in _targets(gateway) if text}
    return tuple(
        text_at(pool, "name")
        for pool in list_at(gateway, "properties", "backendAddressPools")
        if _addresses(pool) and _is_led_to(pool, led_to)
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


def _is_led_to(pool: Document, led_to: set[str]) -> bool:
    name = text_at(pool, "name").lower()
    return any(target.endswith(f"/backendaddresspools/{name}") for target in led_to)


def _addresses(pool: Document) -> tuple[str, ...]:
    found = list_at(pool, "properties", "backendAddresses")
    texts = (text_at(each, "ipAddress") or text_at(each, "fqdn") for each in found)
    return tuple(text for text in texts if text)


def _targets(gateway: Document) -> Iterator[str]:
    for rule in list_at(gateway, "properties", "requestRoutingRules"):
        yield text_at(rule, "properties", "backendAddressPool", "id")
    for path_map in list_at(gateway, "properties", "urlPathMaps"):
        yield text_at(path_map, "properties", "defaultBackendAddressPool", "id")
        for rule in list_at(path_map, "properties", "pathRules"):
            yield text_at(rule, "properties", "backendAddressPool", "id")
    for rule in list_at(gateway, "properties", "routingRules"):
        yield text_at(rule, "properties", "backendAddressPool", "id")
