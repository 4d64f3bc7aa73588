"""Which addresses of a subnet a cluster has: for nodes, pods and load balancers. Pure."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

BLOCK_MAX: Final = 4_096
BLOCK_MIN: Final = 64
NODES_FROM: Final = 4
"""The first four addresses of a subnet are Azure's own; blocks after the first follow suit."""
RESERVED: Final = 5

Network = ipaddress.IPv4Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a subnet: nodes first, then pods, then load balancers."""

    network: Network

    @property
    def node_addresses(self) -> range:
        """Return the offsets of nodes."""
        return range(NODES_FROM, max(16, self._size // 16))

    def node(self, offset: int) -> str:
        """Return a node's address."""
        return str(self.network.network_address + offset)

    @property
    def pods(self) -> tuple[str, str]:
        """Return the first and the last address of pods that are in the subnet itself."""
        return self._address(max(16, self._size // 16)), self._address(self._size * 3 // 4 - 1)

    @property
    def balancers(self) -> tuple[str, str]:
        """Return the first and the last address of internal load balancers."""
        return self._address(self._size * 3 // 4), self._address(self._size - 2)

    @property
    def _size(self) -> int:
        return self.network.num_addresses

    def _address(self, offset: int) -> str:
        return str(self.network.network_address + offset)


def choose_block(subnet: Network, taken: Iterable[Network]) -> Block | None:
    """Return a block of the subnet that no other cluster has, or None if it is full."""
    size = min(BLOCK_MAX, max(BLOCK_MIN, subnet.num_addresses // 4))
    if subnet.num_addresses < size:
        return None
    used = tuple(taken)
    for candidate in subnet.subnets(new_prefix=32 - (size.bit_length() - 1)):
        if not any(candidate.overlaps(other) for other in used):
            return Block(network=candidate)
    return None


def first_and_last(cidr: str) -> tuple[str, str]:
    """Return the usable ends of a range of pods, of its first 65,536 addresses at most."""
    network = ipaddress.IPv4Network(cidr)
    count = min(network.num_addresses, 1 << 16)
    return str(network.network_address + 1), str(network.network_address + count - 2)
