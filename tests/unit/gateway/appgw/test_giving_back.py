from typing import Any

from bascule.gateway.appgw.adoption import adopt_document
from bascule.gateway.appgw.giving_back import GivenBack, find_addresses, give_back
from bascule.gateway.appgw.merge import is_same
from bascule.gateway.appgw.part import CERTIFICATES, LISTENERS, POOLS, RULES
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.routing.model import Backend, Endpoint, Host, Match, PathKind, Route, RouteSet
from tests.support.agic_gateway import DIGEST, HOST, agic_gateway
from tests.support.appgw_parts import Document, child, merged, names, our_part, shown
from tests.support.arm_gateways import gateway, listener, part, pool, ref, rule

ADOPTED = Owns(prefix="bsc-", owner="shop", adopted=True)
WEB, API = "pool-shop-web-80-bp-8080", "pool-shop-api-80-bp-9000"


def taken_over(kept: Document) -> Document:
    tagged = adopt_document(kept, owner="shop", agic_prefix="")
    return shown(merged(tagged, our_part(), ADOPTED))


def given(document: Document, kept: Document, **more: Any) -> GivenBack:
    return give_back(document, kept, ADOPTED, **{"agic_prefix": "", "now": {}, **more})


def backend(service: str, *endpoints: str, port: str = "http") -> Backend:
    found = tuple(Endpoint(a, int(p)) for a, _, p in (each.partition(":") for each in endpoints))
    return Backend(
        name=f"blue/shop/{service}/{port}",
        cluster=Cluster.BLUE,
        namespace="shop",
        service=service,
        port=port,
        endpoints=found,
    )


def routes(*backends: Backend) -> RouteSet:
    found = tuple(
        Route(match=Match(f"/{n}", PathKind.EXACT), blue=each, green=None)
        for n, each in enumerate(backends)
    )
    return RouteSet(listeners=(), hosts=(Host(name=HOST, routes=found),))


def test_what_is_given_back_is_what_was_taken_over() -> None:
    kept = agic_gateway()

    back = given(taken_over(kept), kept)

    assert is_same(back.document, kept)
    assert back.document["tags"] == kept["tags"]
    for collection in (POOLS, LISTENERS, RULES):
        assert names(dict(back.document), collection) == names(kept, collection)
    assert back.broken == ()


def test_before_our_first_table_only_the_tags_go() -> None:
    kept = agic_gateway()

    back = given(adopt_document(kept, owner="shop", agic_prefix=""), kept)

    assert is_same(back.document, kept)


def test_what_somebody_else_has_added_meanwhile_stays_behind_what_was_there() -> None:
    kept = agic_gateway()
    document = taken_over(kept)
    document["properties"][POOLS].append(pool("new", "10.8.8.8"))

    back = given(document, kept)

    assert names(dict(back.document), POOLS) == [*names(kept, POOLS), "new"]


def test_agics_pools_get_the_addresses_of_now_where_they_are_known() -> None:
    kept = agic_gateway()

    back = given(taken_over(kept), kept, now={WEB: ("10.7.7.7",)})

    found = child(dict(back.document), POOLS, WEB)["properties"]["backendAddresses"]
    assert found == [{"ipAddress": "10.7.7.7"}]
    assert (back.followed, back.as_kept) == ((WEB,), (API,))


def test_a_certificate_that_is_gone_breaks_what_refers_to_it() -> None:
    kept = agic_gateway()
    kept["properties"][LISTENERS].append(
        listener(f"fl-{'a' * 32}", HOST, sslCertificate=ref(CERTIFICATES, "cert-shop"))
    )

    back = given(taken_over(kept), kept)

    assert f"httpListeners/fl-{'a' * 32} refers to sslcertificates/cert-shop" in back.broken


def test_a_gateway_that_would_have_no_rule_left_is_broken() -> None:
    bare = shown(gateway(httpListeners=[], requestRoutingRules=[]))
    document = shown(merged(bare, our_part()))

    back = give_back(document, {}, Owns(prefix="bsc-", owner="shop"), agic_prefix="", now={})

    assert back.broken == (
        "no routing rule would be left, and Azure refuses a gateway without one",
    )


def test_addresses_of_now_are_those_of_the_service_and_port_that_a_pools_name_says() -> None:
    kept = agic_gateway()
    served = routes(
        backend("web", "10.1.0.1:8080", "10.1.0.2:8080", "10.1.0.3:9999"),
        backend("web-api", "10.1.0.4:9000"),
        backend("api", "10.1.0.5:9001"),
        backend("api", "10.1.0.6:9000", port="80"),
    )

    assert find_addresses(kept, served, Cluster.BLUE, "") == {
        WEB: ("10.1.0.1", "10.1.0.2"),
        API: ("10.1.0.6",),
    }
    assert find_addresses(kept, served, Cluster.GREEN, "") == {}


def test_a_rule_of_ours_that_somebody_else_needs_stays() -> None:
    kept = agic_gateway()
    document = taken_over(kept)
    to_ours = rule("theirs", 7, listener="all", backendAddressPool=ref(POOLS, "bsc-pool-blue"))
    document["properties"][RULES].append(to_ours)

    back = given(document, kept)

    assert "bsc-pool-blue" in names(dict(back.document), POOLS)
    assert f"fl-{DIGEST}" in names(dict(back.document), LISTENERS)


def test_what_azure_showed_of_agics_objects_then_is_not_sent() -> None:
    kept = agic_gateway()
    kept["properties"][POOLS].append(
        {**part(f"pool-x-y-80-bp-{80}", provisioningState="Updating"), "etag": "old"}
    )

    back = given(taken_over(kept), kept)

    found = child(dict(back.document), POOLS, "pool-x-y-80-bp-80")
    assert found == {"name": "pool-x-y-80-bp-80", "properties": {}}
