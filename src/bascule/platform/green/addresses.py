"""Addresses that belong to one cluster: the range of its pods, and those by which it goes out."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from bascule.azure.document import Document, text_at

_PRIVATE = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_TRIES_MAX = 4_096
_DEFAULT_POD_RANGE = "10.244.0.0/16"


def has_own_pod_range(cluster: Document) -> bool:
    """Whether a cluster's pods have addresses that no subnet has."""
    plugin = text_at(cluster, "properties", "networkProfile", "networkPlugin")
    mode = text_at(cluster, "properties", "networkProfile", "networkPluginMode")
    return mode.lower() == "overlay" or plugin.lower() == "kubenet"


def pod_range(cluster: Document) -> str:
    """Return the range of a cluster's pods; Azure's default where the document does not say."""
    return text_at(cluster, "properties", "networkProfile", "podCidr") or _DEFAULT_POD_RANGE


def find_overlap(text: str, taken: Sequence[str]) -> str:
    """Return the first of `taken` that a range overlaps; empty for none."""
    wanted = IPv4Network(text)
    return next((other for other in taken if wanted.overlaps(IPv4Network(other))), "")


def choose_free_range(like: str, taken: Sequence[str]) -> str:
    """Return the next private range of the same size that overlaps nothing; empty for none.

    Ranges after `like` come first, then those of the other private networks in their order.
    """
    wanted = IPv4Network(like)
    occupied = [IPv4Network(text) for text in taken]
    home = [space for space in _PRIVATE if wanted.subnet_of(space)]
    tries = 0
    for space in (*home, *(space for space in _PRIVATE if space not in home)):
        if space.prefixlen > wanted.prefixlen:
            continue
        for found in space.subnets(new_prefix=wanted.prefixlen):
            if space in home and found <= wanted:
                continue
            tries += 1
            if tries > _TRIES_MAX:
                break
            if not any(found.overlaps(other) for other in occupied):
                return str(found)
        tries = 0
    return ""


def goes_out_by_own_addresses(cluster: Document) -> bool:
    """Whether a cluster reaches the world by addresses that no other cluster has."""
    outbound = text_at(cluster, "properties", "networkProfile", "outboundType")
    return outbound.lower() in {"", "loadbalancer", "managednatgateway"}
