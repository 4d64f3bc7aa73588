"""What checks are told of a gateway, from its document as ARM shows it."""

from dataclasses import replace
from typing import Any

from bascule.app.gateways.front import Tier
from bascule.app.gateways.looking import fetch_appgw_facts, fetch_tier_facts
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.gateway.appgw.abilities import IDLE_UPDATES
from bascule.gateway.appgw.annotations.reading import PREFIX
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, Mechanism
from bascule.gateway.ownership import OWNER_TAG
from bascule.ids import Cluster
from bascule.routing.model import IngressRef, RoutingTable
from tests.support.arm_gateways import gateway
from tests.support.azure_documents import Documents
from tests.support.tables import backend, host, route, route_set, table

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
SETTINGS = AppGwSettings(gateway_id=ID, owner="shop")
TIER = Tier(listen="10.0.0.9", port=8080, addresses=("10.0.0.7",))
VAULT = "https://v1.vault.azure.net/secrets/wild"


def document(**tags: str) -> dict[str, Any]:
    found = {**gateway(), "id": ID, "name": "gw", "tags": tags}
    found["properties"]["frontendIPConfigurations"][0]["properties"]["publicIPAddress"] = {
        "id": "/x"
    }
    kept = {"name": "wild", "properties": {"keyVaultSecretId": VAULT}}
    ours = {"name": "bsc-cert-shop-tls-1", "properties": {}}
    found["properties"] = {**found["properties"], "sslCertificates": [ours, kept]}
    return found


def shops(count: int) -> RoutingTable:
    """Return a table with so many hosts, each with a Service of its own."""
    hosts = []
    for name in (f"s{number}" for number in range(count)):
        both = route(*(backend(cluster, name, 80) for cluster in Cluster))
        source = IngressRef(cluster=Cluster.BLUE, namespace="shop", name=name)
        hosts.append(host(f"{name}.test", replace(both, sources=(source,))))
    return table(route_set(hosts))


async def test_a_gateway_is_told_with_its_certificates() -> None:
    azure = Documents(document())

    facts = await fetch_appgw_facts(azure, SETTINGS)

    assert isinstance(facts.gateway, GatewayFacts)
    assert facts.gateway.name == "gw"
    assert [(c.name, c.secret_id, c.is_ours) for c in facts.certificates] == [
        ("bsc-cert-shop-tls-1", "", True),
        ("wild", VAULT, False),
    ]
    assert (facts.update, facts.rooms, facts.sends_to_pods) == (IDLE_UPDATES, (), True)


async def test_one_that_cannot_be_read_is_told_as_that() -> None:
    facts = await fetch_appgw_facts(Documents(), SETTINGS)

    assert isinstance(facts.gateway, Unreadable)
    assert facts.gateway.what == "the gateway gw"


async def test_its_tags_say_whose_it_is() -> None:
    ours = Documents(document(**{OWNER_TAG: "shop"}))
    theirs = Documents(document(**{OWNER_TAG: "blog"}))

    mine, other = [await fetch_appgw_facts(azure, SETTINGS) for azure in (ours, theirs)]

    assert (mine.foreign_owner, other.foreign_owner) == ("", "blog")


async def test_under_a_table_it_is_told_what_room_is_left_and_what_is_left_out() -> None:
    azure = Documents(document())

    few = await fetch_appgw_facts(azure, SETTINGS, table=shops(3))
    many = await fetch_appgw_facts(azure, SETTINGS, table=shops(120))

    pools = {room.what: room for room in few.rooms}["backend pools"]
    assert (pools.ours > 0, pools.limit, few.left_out) == (True, 100, ())
    assert many.left_out
    assert all(room.ours + room.others <= room.limit for room in many.rooms)
    assert (few.switch_by, few.switch_by_why) == ("rules", "switchBy: rules")


async def test_the_mechanism_that_has_room_is_told_with_the_reason() -> None:
    azure = Documents(document())
    settings = replace(SETTINGS, mechanism=Mechanism.AUTO)

    few, many = [await fetch_appgw_facts(azure, settings, table=shops(n)) for n in (3, 60)]

    assert (few.switch_by, few.switch_by_why) == ("rules", "everything has room so")
    assert many.switch_by == "pools"
    assert many.switch_by_why == (
        "by rules it needs 120 backend pools of 100, and by pools everything has room"
    )
    assert many.left_out == ()


async def test_pods_do_not_matter_behind_a_load_balancer() -> None:
    behind = AppGwSettings(gateway_id=ID, owner="shop", backends=BackendsKind.LOAD_BALANCER)

    facts = await fetch_appgw_facts(Documents(document()), behind)

    assert not facts.sends_to_pods


async def test_before_envoys_it_needs_room_for_them_alone_and_pods_may_end_when_they_like() -> None:
    azure = Documents(document())

    idle = await fetch_tier_facts(azure, SETTINGS, TIER)
    planned = await fetch_tier_facts(azure, SETTINGS, TIER, table=shops(60))

    ours = {room.what: room.ours for room in planned.rooms}
    assert (ours["backend pools"], ours["rules"]) == (1, 60)
    assert (idle.sends_to_pods, planned.sends_to_pods) == (False, False)
    assert [c.name for c in idle.certificates] == ["bsc-cert-shop-tls-1", "wild"]
    assert (idle.rooms, idle.left_out, planned.switch_by) == ((), (), "")


async def test_before_envoys_it_is_told_what_neither_they_nor_the_gateway_can_do() -> None:
    azure = Documents(document())
    found = shops(1)
    (only,) = found.routes.hosts
    prefix = {f"{PREFIX}backend-path-prefix": "/app"}
    refused = replace(only, routes=(replace(only.routes[0], extensions=prefix),))
    more = [*shops(120).routes.hosts[1:], refused]

    facts = await fetch_tier_facts(azure, SETTINGS, TIER, table=table(route_set(more)))

    codes = {problem.code for problem in facts.left_out}
    assert codes == {"AnnotationRefused", "GatewayFull"}
