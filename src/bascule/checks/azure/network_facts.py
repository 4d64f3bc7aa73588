"""Virtual networks and subnets as checks see them, with the rules and routes on them."""

from dataclasses import dataclass

from bascule.checks.azure.unreadable import Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRule:
    """One rule of a network security group, its plural and singular fields together."""

    name: str
    priority: int
    is_inbound: bool
    is_denial: bool
    sources: tuple[str, ...]
    """Prefixes, service tags, or `*`."""
    ports: tuple[tuple[int, int], ...]
    """Ranges of destination ports, both ends included."""
    protocol: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """A network security group: its own rules and Azure's default ones, in no order."""

    name: str
    rules: tuple[SecurityRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A user-defined route."""

    name: str
    prefix: str
    next_hop: str
    """Such as `VirtualAppliance`, `Internet`, `VnetLocal`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable:
    """A route table."""

    name: str
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetFacts:
    """A subnet; `used` counts the addresses that something holds in it."""

    id: str
    name: str
    network_id: str
    prefixes: tuple[str, ...]
    used: int = 0
    delegations: tuple[str, ...] = ()
    """Services that it is delegated to, such as `Microsoft.Network/applicationGateways`."""
    security_group: SecurityGroup | Unreadable | None = None
    route_table: RouteTable | Unreadable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """A virtual network, and those that it has a connected peering with."""

    id: str
    name: str
    peer_ids: tuple[str, ...] = ()
