"""Checks on rules and routes of subnets: nothing stands between the gateway and its pods.

A rule is read by its sources and destination ports; destinations are taken for the whole subnet.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from bascule.checks.azure.blocking import blocker
from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.network_facts import RouteTable, SecurityGroup, SecurityRule, SubnetFacts
from bascule.checks.findings import Finding

GATEWAY_SERVICE = "Microsoft.Network/applicationGateways"
PODS_SERVICE = "Microsoft.ContainerService/managedClusters"
MANAGEMENT_PORTS = (65200, 65535)
"""Where Azure manages a gateway v2; without them it reports itself unhealthy and stops updating."""
ALL_PORTS = (0, 65535)
ANYWHERE = "0.0.0.0/0"
TAGS_OF_NETWORK = ("*", "virtualnetwork", ANYWHERE)
TAGS_OF_MANAGEMENT = ("*", "gatewaymanager", ANYWHERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traffic:
    """Who comes in, and to which ports."""

    tags: tuple[str, ...]
    prefixes: tuple[str, ...]
    ports: tuple[int, int]


def check_gateway_rules(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker when the subnet of a public gateway keeps Azure's management out.

    One without a public address is managed by a way of its own.
    """
    subnet = _public_subnet(facts)
    if subnet is None or not isinstance(subnet.security_group, SecurityGroup):
        return ()
    traffic = _Traffic(tags=TAGS_OF_MANAGEMENT, prefixes=(), ports=MANAGEMENT_PORTS)
    denial = _find_denial(subnet.security_group, traffic)
    if denial is None:
        return ()
    return (
        blocker(
            "GatewayManagementDenied",
            "gateway",
            f"the rule {denial.name} of {subnet.security_group.name} on the subnet {subnet.name}"
            " keeps Azure's management from the gateway: it would take no new configuration",
            "allow GatewayManager inbound to the ports 65200-65535, with a smaller priority number",
        ),
    )


def check_pod_rules(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each subnet of a cluster whose rules keep the gateway out."""
    home = _gateway_subnet(facts)
    if home is None:
        return ()
    traffic = _Traffic(tags=TAGS_OF_NETWORK, prefixes=home.prefixes, ports=ALL_PORTS)
    found: list[Finding] = []
    for role, subnet in _cluster_subnets(facts):
        group = subnet.security_group
        denial = _find_denial(group, traffic) if isinstance(group, SecurityGroup) else None
        if denial is not None and isinstance(group, SecurityGroup):
            found.append(
                blocker(
                    "GatewayDenied",
                    role,
                    f"the rule {denial.name} of {group.name} on the subnet {subnet.name} keeps"
                    f" the gateway ({', '.join(home.prefixes)}) from {role}'s pods",
                    "allow the gateway's subnet inbound to the pods' ports, with a smaller"
                    " priority number",
                )
            )
    return tuple(found)


def check_routes(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker when a public gateway's way to the internet leads through an appliance."""
    subnet = _public_subnet(facts)
    if subnet is None or not isinstance(subnet.route_table, RouteTable):
        return ()
    away = [
        route
        for route in subnet.route_table.routes
        if route.prefix == ANYWHERE and route.next_hop.lower() != "internet"
    ]
    if not away:
        return ()
    return (
        blocker(
            "GatewayRoutedAway",
            "gateway",
            f"the route {away[0].name} of {subnet.route_table.name} sends everything from the"
            f" gateway's subnet {subnet.name} to {away[0].next_hop}: a gateway v2 with a public"
            " address does not work like that",
            "take this route off the gateway's subnet",
        ),
    )


def check_delegation(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each subnet that is delegated to a service that is not ours."""
    gateway = _gateway_subnet(facts)
    found: list[Finding] = []
    if gateway is not None:
        found += _delegated_elsewhere("gateway", gateway, {GATEWAY_SERVICE.lower()})
    for role, cluster in facts.clusters.items():
        pods = {pool.pod_subnet_id.lower() for pool in cluster.pools}
        nodes = {pool.subnet_id.lower() for pool in cluster.pools} - pods
        for role_subnet, allowed in (
            *((key, set[str]()) for key in sorted(nodes)),
            *((key, {PODS_SERVICE.lower()}) for key in sorted(pods)),
        ):
            subnet = facts.subnets.get(role_subnet)
            if isinstance(subnet, SubnetFacts):
                found += _delegated_elsewhere(role, subnet, allowed)
    return tuple(found)


def _delegated_elsewhere(subject: str, subnet: SubnetFacts, allowed: set[str]) -> Iterator[Finding]:
    wrong = [each for each in subnet.delegations if each.lower() not in allowed]
    if wrong:
        yield blocker(
            "SubnetDelegated",
            subject,
            f"the subnet {subnet.name} is delegated to {', '.join(wrong)}: nothing else may"
            " stand in it",
            "take another subnet, or remove the delegation",
        )


def _gateway_subnet(facts: AzureFacts) -> SubnetFacts | None:
    if not isinstance(facts.gateway, GatewayFacts):
        return None
    found = facts.subnets.get(facts.gateway.subnet_id.lower())
    return found if isinstance(found, SubnetFacts) else None


def _public_subnet(facts: AzureFacts) -> SubnetFacts | None:
    gateway = facts.gateway
    is_public = isinstance(gateway, GatewayFacts) and bool(gateway.public_ip_ids)
    return _gateway_subnet(facts) if is_public else None


def _cluster_subnets(facts: AzureFacts) -> Iterator[tuple[str, SubnetFacts]]:
    """Yield, for each cluster, the subnets that its pods answer from; each subnet once."""
    seen: set[str] = set()
    for role, cluster in facts.clusters.items():
        keys = {(pool.pod_subnet_id or pool.subnet_id).lower() for pool in cluster.pools}
        for key in sorted(keys - seen):
            subnet = facts.subnets.get(key)
            if isinstance(subnet, SubnetFacts):
                yield role, subnet
        seen |= keys


def _find_denial(group: SecurityGroup, traffic: _Traffic) -> SecurityRule | None:
    """Return the first rule that denies some of it before a rule allows all of it."""
    for rule in sorted(group.rules, key=lambda rule: rule.priority):
        if not rule.is_inbound or rule.protocol.lower() not in {"*", "tcp"}:
            continue
        if rule.is_denial and _touches(rule, traffic):
            return rule
        if not rule.is_denial and _covers(rule, traffic):
            return None
    return None


def _touches(rule: SecurityRule, traffic: _Traffic) -> bool:
    low, high = traffic.ports
    has_ports = any(start <= high and end >= low for start, end in rule.ports)
    return has_ports and (
        _names(rule, traffic) or _any_prefix(rule.sources, traffic.prefixes, whole=False)
    )


def _covers(rule: SecurityRule, traffic: _Traffic) -> bool:
    low, high = traffic.ports
    has_ports = any(start <= low and end >= high for start, end in rule.ports)
    return has_ports and (
        _names(rule, traffic) or _any_prefix(rule.sources, traffic.prefixes, whole=True)
    )


def _names(rule: SecurityRule, traffic: _Traffic) -> bool:
    return any(source.lower() in traffic.tags for source in rule.sources)


def _any_prefix(sources: Iterable[str], prefixes: Iterable[str], *, whole: bool) -> bool:
    nets = [ip_network(text, strict=False) for text in sources if _is_prefix(text)]
    ours = [ip_network(text, strict=False) for text in prefixes]
    for own in ours:
        same = [net for net in nets if net.version == own.version]
        if any(
            net.supernet_of(own) if whole else net.overlaps(own)  # type: ignore[arg-type]  # both of one version
            for net in same
        ):
            return True
    return False


def _is_prefix(text: str) -> bool:
    return text[:1].isdigit() or ":" in text
