"""Which hosts are reached without the proxy of the environment, by the rules of Go's client."""

import ipaddress

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_direct(host: str, no_proxy: str) -> bool:
    """Return whether `host` is on this machine or in the list that NO_PROXY holds.

    An entry is `*`, a name (which covers what lies below it), an address or a network (CIDR).
    """
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(_covers(entry, host.lower(), address) for entry in entries if entry)


def _covers(entry: str, host: str, address: _Address | None) -> bool:
    if entry == "*":
        return True
    if address is not None:
        return _is_in_network(entry, address)
    name = entry.removeprefix("*").removeprefix(".")
    return host.endswith("." + name) or (host == name and not entry.startswith((".", "*")))


def _is_in_network(entry: str, address: _Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
