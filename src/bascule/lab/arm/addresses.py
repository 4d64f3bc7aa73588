"""Where the lab's own processes bind and dial what Azure calls by an address of its own.

Objects of ARM and Kubernetes say 10.x; a process uses the same address with the first octet 127.
"""

import ipaddress

LOOPBACK = "127.0.0.1"
_AZURE_OCTET = "10"
_LOOPBACK_OCTET = "127"
_PUBLIC_SECOND_OCTET = "255"
"""127.255.0.0/16 holds the lab's public addresses, so 10.255.0.0/16 has no loopback twin."""


class UnmappableAddressError(ValueError):
    """An address or a name that stands for nothing on this machine."""


def real_address(text: str) -> str:
    """Return the loopback address that a process uses for an address or a name of ARM's.

    `10.240.0.7` gives `127.240.0.7`; what is loopback already, a public address such as
    `127.255.0.1` among them, stays; of names only `localhost` and what ends in `.localhost` mean
    this machine, and no name is looked up. Raises UnmappableAddressError for all else.
    """
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return _address_of_name(text)
    first, second, *rest = text.split(".")
    if address.is_loopback:
        return text
    if first != _AZURE_OCTET:
        raise UnmappableAddressError(f"{text} is outside 10.0.0.0/8: the lab has no such address")
    if second == _PUBLIC_SECOND_OCTET:
        raise UnmappableAddressError(
            f"{text} is in 10.255.0.0/16, whose place the lab's public addresses have"
        )
    return ".".join((_LOOPBACK_OCTET, second, *rest))


def azure_address(text: str) -> str:
    """Return what ARM and Kubernetes call a loopback address: the inverse of `real_address`.

    Public addresses (127.255.x.y) and what is no loopback address stay as they are.
    """
    first, _, rest = text.partition(".")
    if first != _LOOPBACK_OCTET or rest.startswith(f"{_PUBLIC_SECOND_OCTET}."):
        return text
    return f"{_AZURE_OCTET}.{rest}"


def _address_of_name(name: str) -> str:
    labels = name.rstrip(".").lower()
    if labels == "localhost" or labels.endswith(".localhost"):
        return LOOPBACK
    raise UnmappableAddressError(f"{name} is no address or name of this machine")
