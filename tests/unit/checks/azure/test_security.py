from dataclasses import replace

import pytest

from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.network_facts import (
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    SubnetFacts,
)
from bascule.checks.azure.security import (
    check_delegation,
    check_gateway_rules,
    check_pod_rules,
    check_routes,
)
from bascule.checks.azure.unreadable import Unreadable
from tests.support.azure_facts import (
    GATEWAY_SUBNET,
    NODE_SUBNET,
    facts,
    gateway,
    green,
    pool,
    subnet,
)

UNREADABLE = Unreadable(what="it", reason="forbidden")
ALL = ((0, 65535),)


def rule(
    priority: int,
    *sources: str,
    is_denial: bool = False,
    ports: tuple[tuple[int, int], ...] = ALL,
    protocol: str = "*",
    is_inbound: bool = True,
) -> SecurityRule:
    return SecurityRule(
        name=f"rule{priority}",
        priority=priority,
        is_inbound=is_inbound,
        is_denial=is_denial,
        sources=sources,
        ports=ports,
        protocol=protocol,
    )


def deny(priority: int, *sources: str, ports: tuple[tuple[int, int], ...] = ALL) -> SecurityRule:
    return rule(priority, *sources, is_denial=True, ports=ports)


DEFAULTS = (rule(65000, "VirtualNetwork"), rule(65001, "AzureLoadBalancer"), deny(65500, "*"))


def with_rules(subnet_id: str, *rules: SecurityRule) -> AzureFacts:
    group = SecurityGroup(name="nsg", rules=(*rules, *DEFAULTS))
    return with_subnet(subnet_id, replace(known(subnet_id), security_group=group))


def known(subnet_id: str) -> SubnetFacts:
    prefix = "10.240.0.0/24" if subnet_id == GATEWAY_SUBNET else "10.240.4.0/22"
    return subnet(subnet_id, prefix)


def with_subnet(subnet_id: str, changed: SubnetFacts | Unreadable) -> AzureFacts:
    base = facts()
    return replace(base, subnets={**base.subnets, subnet_id.lower(): changed})


def test_subnets_without_rules_let_everything_through() -> None:
    for check in (check_gateway_rules, check_pod_rules, check_routes, check_delegation):
        assert check(facts()) == ()


def test_default_rules_keep_azures_management_from_a_gateway() -> None:
    (found,) = check_gateway_rules(with_rules(GATEWAY_SUBNET))

    assert found.code == "GatewayManagementDenied"
    assert "rule65500 of nsg" in found.message


@pytest.mark.parametrize(
    "allowing",
    [
        rule(100, "GatewayManager", ports=((65200, 65535),)),
        rule(100, "gatewaymanager", ports=ALL, protocol="TCP"),
        rule(100, "*"),
    ],
)
def test_a_rule_for_its_management_is_enough(allowing: SecurityRule) -> None:
    assert check_gateway_rules(with_rules(GATEWAY_SUBNET, allowing)) == ()


@pytest.mark.parametrize(
    "other",
    [
        rule(100, "GatewayManager", ports=((443, 443),)),
        rule(100, "GatewayManager", protocol="Udp"),
        rule(100, "GatewayManager", is_inbound=False),
        deny(100, "*", ports=((65300, 65400),)),
    ],
)
def test_a_rule_for_something_else_is_not_enough(other: SecurityRule) -> None:
    allowed_later = rule(200, "GatewayManager", ports=((65200, 65535),))
    rules = (other, allowed_later) if other.is_denial else (other,)

    assert len(check_gateway_rules(with_rules(GATEWAY_SUBNET, *rules))) == 1


def test_default_rules_let_the_gateway_in_to_pods() -> None:
    assert check_pod_rules(with_rules(NODE_SUBNET)) == ()


@pytest.mark.parametrize(
    "denial",
    [
        deny(100, "10.240.0.0/24"),
        deny(100, "10.240.0.128/25"),
        deny(100, "10.0.0.0/8"),
        deny(100, "VirtualNetwork", ports=((8080, 8080),)),
        deny(100, "*"),
    ],
)
def test_a_rule_that_keeps_the_gateway_from_pods_is_a_blocker(denial: SecurityRule) -> None:
    (found,) = check_pod_rules(with_rules(NODE_SUBNET, denial))

    assert (found.code, found.subject) == ("GatewayDenied", "blue")
    assert "rule100 of nsg" in found.message


@pytest.mark.parametrize(
    "rules",
    [
        (rule(90, "10.240.0.0/16"), deny(100, "*")),
        (deny(100, "10.9.0.0/16"),),
        (deny(100, "Internet"),),
        (deny(100, "fd00::/8"),),
    ],
)
def test_a_rule_that_comes_later_or_is_for_others_is_fine(
    rules: tuple[SecurityRule, ...],
) -> None:
    assert check_pod_rules(with_rules(NODE_SUBNET, *rules)) == ()


def test_each_cluster_with_subnets_of_its_own_is_looked_at() -> None:
    own = f"{NODE_SUBNET}2"
    base = with_rules(NODE_SUBNET, deny(100, "*"))
    changed = replace(green(), pools=(replace(pool(), subnet_id=own),))
    group = SecurityGroup(name="nsg2", rules=(deny(100, "*"),))
    subnets = {**base.subnets, own.lower(): replace(subnet(own), security_group=group)}

    found = check_pod_rules(replace(base, green=changed, subnets=subnets))

    assert [f.subject for f in found] == ["blue", "green"]


def test_a_route_that_leads_a_gateway_through_an_appliance_is_a_blocker() -> None:
    away = Route(name="out", prefix="0.0.0.0/0", next_hop="VirtualAppliance")
    table = RouteTable(name="rt", routes=(away,))

    (found,) = check_routes(
        with_subnet(GATEWAY_SUBNET, replace(known(GATEWAY_SUBNET), route_table=table))
    )

    assert found.code == "GatewayRoutedAway"
    assert "the route out of rt" in found.message


@pytest.mark.parametrize(
    "route",
    [
        Route(name="out", prefix="0.0.0.0/0", next_hop="Internet"),
        Route(name="pods", prefix="10.244.0.0/24", next_hop="VirtualAppliance"),
    ],
)
def test_other_routes_are_fine(route: Route) -> None:
    table = RouteTable(name="rt", routes=(route,))
    changed = replace(known(GATEWAY_SUBNET), route_table=table)

    assert check_routes(with_subnet(GATEWAY_SUBNET, changed)) == ()


def test_a_subnet_delegated_to_another_service_is_a_blocker() -> None:
    for subnet_id, subject in ((GATEWAY_SUBNET, "gateway"), (NODE_SUBNET, "blue")):
        taken = replace(known(subnet_id), delegations=("Microsoft.Web/serverFarms",))

        found = check_delegation(with_subnet(subnet_id, taken))

        assert found[0].code == "SubnetDelegated"
        assert subject in [f.subject for f in found]


def test_a_subnet_delegated_to_what_stands_in_it_is_fine() -> None:
    pods = f"{NODE_SUBNET}-pods"
    base = with_subnet(
        GATEWAY_SUBNET,
        replace(known(GATEWAY_SUBNET), delegations=("microsoft.network/applicationgateways",)),
    )
    delegated = replace(
        subnet(pods, "10.1.0.0/16"), delegations=("Microsoft.ContainerService/managedClusters",)
    )
    changed = replace(green(), pools=(replace(pool(), pod_subnet_id=pods),))

    found = check_delegation(
        replace(base, green=changed, subnets={**base.subnets, pods.lower(): delegated})
    )

    assert found == ()


def test_what_cannot_be_read_is_left_out() -> None:
    unknown = replace(facts(), gateway=UNREADABLE)
    hidden = with_subnet(NODE_SUBNET, UNREADABLE)
    no_rules = with_subnet(
        GATEWAY_SUBNET,
        replace(known(GATEWAY_SUBNET), security_group=UNREADABLE, route_table=UNREADABLE),
    )

    for base in (unknown, hidden, no_rules, with_subnet(GATEWAY_SUBNET, UNREADABLE)):
        for check in (check_gateway_rules, check_pod_rules, check_routes, check_delegation):
            assert check(base) == ()


def test_a_gateway_in_no_subnet_is_left_out() -> None:
    nowhere = replace(facts(), gateway=replace(gateway(), subnet_id=""))

    assert check_pod_rules(nowhere) == ()


def test_a_group_without_any_rule_denies_nothing() -> None:
    bare = replace(known(GATEWAY_SUBNET), security_group=SecurityGroup(name="nsg"))

    assert check_gateway_rules(with_subnet(GATEWAY_SUBNET, bare)) == ()


def test_a_gateway_without_a_public_address_is_managed_by_another_way() -> None:
    away = Route(name="out", prefix="0.0.0.0/0", next_hop="VirtualAppliance")
    base = with_rules(GATEWAY_SUBNET)
    routed = replace(known(GATEWAY_SUBNET), route_table=RouteTable(name="rt", routes=(away,)))
    private = replace(gateway(), public_ip_ids=())

    assert check_gateway_rules(replace(base, gateway=private)) == ()
    assert check_routes(replace(with_subnet(GATEWAY_SUBNET, routed), gateway=private)) == ()
