import copy
from typing import Any

import pytest

from bascule.errors import DriverError
from bascule.gateway.appgw.merge import is_same
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    COLLECTIONS,
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    PROBES,
    RULES,
    Part,
)
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.ownership import Owns
from tests.support.agic_document import build_agic_gateway
from tests.support.appgw_parts import (
    Document,
    build_part,
    child,
    merged,
    names,
    our_part,
    our_pool,
    probe,
    shown,
    theirs,
    with_certificate,
)
from tests.support.arm_gateways import GATEWAY, listener, part, pool, ref, rule

NOTHING = Part(children={})
PFX = Pfx(data="MIIK", password="secret")


def test_what_is_not_ours_stays_byte_for_byte_and_in_its_order() -> None:
    document = theirs(
        backendAddressPools=[pool("z"), pool("blue"), pool("a", "10.0.0.1")],
        loadDistributionPolicies=[part("unknown", someNewField={"deep": [1, None]})],
        globalConfiguration={"enableRequestBuffering": True},
    )
    before = copy.deepcopy(document)

    body = merged(document, our_part())

    for collection, children in before["properties"].items():
        kept = body["properties"][collection]
        assert (kept[: len(children)] if isinstance(children, list) else kept) == children
    assert names(body, POOLS) == ["z", "blue", "a", "bsc-pool-blue", "bsc-pool-green"]
    assert document == before


def test_tags_of_others_stay_and_ours_say_whose_it_is_and_what_was_written() -> None:
    body = merged({**theirs(), "tags": {"team": "a", "Bascule-Table": "old"}}, NOTHING)

    assert body["tags"] == {
        "team": "a",
        "bascule-owner": "shop",
        "bascule-table": "0123456789abcdef",
    }


def test_a_gateway_of_another_bascule_is_refused() -> None:
    document = {**theirs(), "tags": {"bascule-owner": "another"}}

    with pytest.raises(DriverError, match="written as another, not shop"):
        merged(document, NOTHING)


def test_what_is_there_is_written_back_as_azure_shows_it() -> None:
    document = shown(merged(theirs(), our_part()))

    body = merged(document, our_part())

    assert is_same(body, document)
    assert all(body["properties"][name] == document["properties"][name] for name in COLLECTIONS)


def test_ours_that_is_not_wanted_any_more_is_left_out() -> None:
    document = shown(merged(theirs(), our_part()))

    body = merged(document, NOTHING)

    assert is_same(body, {**theirs(), "tags": body["tags"]})


def test_what_azure_showed_of_ours_that_is_gone_is_not_sent_back() -> None:
    wanted = build_part({LISTENERS: [listener("bsc-listener", "a.example.com")]})
    document = shown(merged(theirs(), wanted))
    assert {"id": f"{GATEWAY}/httpListeners/bsc-listener"} in child(document, PORTS, "port-8080")[
        "properties"
    ]["httpListeners"]

    body = merged(document, NOTHING)

    assert child(body, PORTS, "port-8080")["properties"]["httpListeners"] == [ref(LISTENERS, "all")]


def test_nor_is_it_where_no_children_of_ours_can_be() -> None:
    wanted = build_part({LISTENERS: [listener("bsc-listener", "a.example.com")]})
    document = shown(merged(theirs(), wanted))
    front = document["properties"]["frontendIPConfigurations"][0]["properties"]
    front["httpListeners"] = [ref(LISTENERS, "all"), ref(LISTENERS, "bsc-listener")]

    body = merged(document, NOTHING)

    found = body["properties"]["frontendIPConfigurations"][0]
    assert found["properties"] == {**front, "httpListeners": [ref(LISTENERS, "all")]}


def test_ours_that_a_rule_of_somebody_else_needs_stays_with_all_that_it_needs() -> None:
    document = merged(theirs(), our_part())
    foreign = rule("theirs", 50, listener="bsc-listener", urlPathMap=ref(PATH_MAPS, "bsc-map-blue"))
    document["properties"][RULES].append(foreign)

    body = merged(shown(document), NOTHING)

    assert names(body, PATH_MAPS) == ["bsc-map-blue"]
    assert names(body, POOLS) == ["blue", "bsc-pool-blue"]
    assert names(body, PROBES) == ["bsc-probe"]
    assert names(body, RULES) == ["rule1", "theirs"]


def test_what_ours_needed_before_goes_when_ours_is_written_anew() -> None:
    document = merged(theirs(), our_part())
    foreign = rule("theirs", 50, listener="bsc-listener", urlPathMap=ref(PATH_MAPS, "bsc-map-blue"))
    document["properties"][RULES].append(foreign)
    smaller = build_part(
        {
            PATH_MAPS: [
                part("bsc-map-blue", defaultBackendAddressPool=ref(POOLS, "bsc-pool-other"))
            ],
            POOLS: [our_pool("bsc-pool-other")],
        }
    )

    body = merged(shown(document), smaller)

    assert names(body, POOLS) == ["blue", "bsc-pool-other"]


def test_a_switch_changes_the_rule_alone() -> None:
    document = shown(merged(theirs(), our_part(cluster="blue")))

    body = merged(document, our_part(cluster="green"))

    changed = [
        name for name in COLLECTIONS if body["properties"][name] != document["properties"][name]
    ]
    assert changed == [RULES]
    assert not is_same(body, document)


def test_a_field_that_we_do_not_know_stays_on_a_child_of_ours_that_changes() -> None:
    document = shown(merged(theirs(), our_part()))
    theirs_of_ours = child(document, LISTENERS, "bsc-listener")["properties"]
    theirs_of_ours["customErrorConfigurations"] = [{"statusCode": "HttpStatus403"}]
    theirs_of_ours["sslProfile"] = ref("sslProfiles", "strict")

    found = child(merged(document, our_part(host="b.example.com")), LISTENERS, "bsc-listener")

    assert found["properties"]["hostNames"] == ["b.example.com"]
    assert found["properties"]["customErrorConfigurations"] == [{"statusCode": "HttpStatus403"}]
    assert "sslProfile" not in found["properties"]
    assert "provisioningState" not in found["properties"]


def test_a_field_of_ours_that_somebody_added_to_is_set_back() -> None:
    document = shown(merged(theirs(), our_part()))
    child(document, PROBES, "bsc-probe")["properties"]["match"] = {"statusCodes": ["200-599"]}

    body = merged(document, our_part())

    assert not is_same(body, document)
    assert "match" not in child(body, PROBES, "bsc-probe")["properties"]


def test_a_default_of_a_newer_service_is_no_reason_to_write() -> None:
    document = shown(merged(theirs(), our_part()))
    child(document, PROBES, "bsc-probe")["properties"]["aDefaultOf2031"] = True

    assert is_same(merged(document, our_part()), document)


def test_a_port_that_somebody_else_made_is_used_and_not_made_again() -> None:
    document = theirs(frontendPorts=[part("web", port=80), part("port-8080", port=8080)])

    body = merged(document, our_part())

    assert names(body, PORTS) == ["web", "port-8080"]
    own = child(body, LISTENERS, "bsc-listener")["properties"]
    assert own["frontendPort"] == {"id": f"{GATEWAY}/frontendPorts/web"}


def test_listeners_on_other_ports_are_left_alone_when_one_port_is_there() -> None:
    document = theirs(frontendPorts=[part("web", port=80), part("port-8080", port=8080)])
    wanted = build_part(
        {
            PORTS: [part("bsc-port-80", port=80), part("bsc-port-81", port=81)],
            LISTENERS: [
                listener("bsc-other", "b.example.com", frontendPort=ref(PORTS, "bsc-port-81")),
                part("bsc-odd"),
            ],
        }
    )

    body = merged(document, wanted)

    assert names(body, PORTS) == ["web", "port-8080", "bsc-port-81"]
    assert child(body, LISTENERS, "bsc-other") == wanted.children[LISTENERS]["bsc-other"]


def test_data_of_a_certificate_is_sent_once_and_left_out_when_it_is_there() -> None:
    first = merged(theirs(), with_certificate(), pfx={"bsc-cert": PFX})
    again = merged(shown(first), with_certificate())

    assert child(first, CERTIFICATES, "bsc-cert")["properties"] == {
        "data": "MIIK",
        "password": "secret",
    }
    assert child(again, CERTIFICATES, "bsc-cert") == child(shown(first), CERTIFICATES, "bsc-cert")
    assert is_same(again, shown(first))
    assert is_same(first, {**shown(first), "tags": first["tags"]})


def test_a_certificate_without_a_key_is_told() -> None:
    with pytest.raises(DriverError, match="bsc-cert is not on the gateway"):
        merged(theirs(), with_certificate())


def test_certificates_of_ours_that_nobody_uses_go_and_those_of_others_stay() -> None:
    document = shown(
        merged(
            theirs(sslCertificates=[part("theirs", keyVaultSecretId="https://v/secrets/s")]),
            with_certificate("bsc-old"),
            pfx={"bsc-old": PFX},
        )
    )

    body = merged(document, with_certificate("bsc-new"), pfx={"bsc-new": PFX})

    assert names(body, CERTIFICATES) == ["theirs", "bsc-new"]
    assert child(body, CERTIFICATES, "theirs") == child(document, CERTIFICATES, "theirs")


def test_what_agic_made_is_replaced_on_a_gateway_that_was_taken_over() -> None:
    own = build_agic_gateway(GATEWAY, subnet_id="/s", address_id="/a", cluster_id="/c")
    own["properties"]["backendAddressPools"].append(pool("by-hand", "10.7.7.7"))
    document = shown({"id": GATEWAY, **own})
    owns = Owns(prefix="bsc-", owner="shop", adopted=True)

    body = merged(document, our_part(), owns)

    assert names(body, POOLS) == ["by-hand", "bsc-pool-blue", "bsc-pool-green"]
    assert names(body, RULES) == ["bsc-rule"]
    assert names(body, PORTS) == ["fp-80"]
    assert body["tags"]["managed-by-k8s-ingress"] == own["tags"]["managed-by-k8s-ingress"]


def test_a_collection_that_the_gateway_does_not_have_is_made_when_it_is_needed() -> None:
    document: Document = {"id": GATEWAY, "properties": {"probes": []}}

    body = merged(document, build_part({PROBES: [probe()], POOLS: []}))

    assert set(body["properties"]) == {PROBES}
    assert names(body, PROBES) == ["bsc-probe"]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(etag="other"),
        lambda d: d["properties"].update(provisioningState="Updating", resourceGuid="other"),
        lambda d: d["tags"].update({"Bascule-Table": "other"}),
        lambda d: d.update(location="China North 2"),
        lambda d: d["properties"].update(privateLinkConfigurations=None),
        lambda d: d["properties"][POOLS].reverse(),
        lambda d: child(d, "httpListeners", "all")["properties"].update(enableHttp3=False),
        lambda d: child(d, "requestRoutingRules", "rule1")["properties"].update(ruleType="basic"),
        lambda d: child(d, "requestRoutingRules", "rule1")["properties"].update(
            httpListener={"id": f"{GATEWAY}/httplisteners/ALL"}
        ),
    ],
    ids=[
        "etag",
        "states",
        "table tag",
        "location",
        "null",
        "order of children",
        "default",
        "case of an enumeration",
        "case of an id",
    ],
)
def test_what_azure_writes_in_its_own_way_is_the_same(change: Any) -> None:
    document = shown(merged(theirs(), our_part()))
    other = copy.deepcopy(document)

    change(other)

    assert is_same(document, other)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["tags"].update(team="other"),
        lambda d: d["properties"].update(enableHttp2=True),
        lambda d: d["properties"][POOLS].pop(),
        lambda d: child(d, POOLS, "blue")["properties"].update(backendAddresses=[]),
        lambda d: child(d, "httpListeners", "all")["properties"].update(enableHttp3=True),
        lambda d: child(d, PATH_MAPS, "bsc-map-blue")["properties"]["pathRules"].clear(),
        lambda d: d["properties"]["sku"].update(capacity=7),
    ],
    ids=["tag", "property", "child gone", "addresses", "no default", "path rules", "size"],
)
def test_what_asks_for_something_else_is_not(change: Any) -> None:
    document = shown(merged(theirs(), our_part()))
    other = copy.deepcopy(document)

    change(other)

    assert not is_same(document, other)
