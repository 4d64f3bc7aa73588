from typing import Any

import pytest

from bascule.checks.azure.gateway_facts import Part
from bascule.inventory.azure.gateways import read_gateway
from tests.support.agic_document import build_agic_gateway
from tests.support.azure_facts import (
    ADDRESS,
    GATEWAY,
    GATEWAY_SUBNET,
    GROUP,
    IDENTITY,
    cluster_id,
)

POLICY = f"{GROUP}/providers/x/p"


def document(**properties: Any) -> dict[str, Any]:
    body = build_agic_gateway(
        GATEWAY, subnet_id=GATEWAY_SUBNET, address_id=ADDRESS, cluster_id=cluster_id("old")
    )
    body["properties"] |= properties
    return {"id": GATEWAY, "name": "AppGateway", "location": "chinanorth2", **body}


def part(name: str, **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": properties}


def test_a_gateway_is_read_with_what_it_stands_in() -> None:
    found = read_gateway(document())

    assert (found.name, found.tier, found.state) == ("AppGateway", "Standard_v2", "Succeeded")
    assert (found.subnet_id, found.public_ip_ids) == (GATEWAY_SUBNET, (ADDRESS,))
    assert found.instances_max == 2
    assert found.is_running


def test_its_parts_are_counted() -> None:
    found = read_gateway(document())

    assert found.counts[Part.POOLS] == found.counts[Part.SETTINGS] == 3
    assert found.counts[Part.LISTENERS] == found.counts[Part.ACTIVE_LISTENERS] == 2
    assert (found.counts[Part.RULES], found.counts[Part.PORTS]) == (2, 1)
    assert (found.counts[Part.TARGETS], found.counts[Part.HOSTS]) == (1, 1)
    assert found.counts[Part.CERTIFICATES] == found.counts[Part.PATH_RULES] == 0


def test_pools_and_settings_that_a_rule_leads_to_are_counted_apart() -> None:
    assert read_gateway(document()).used_counts == {Part.POOLS: 2, Part.SETTINGS: 2}


def test_a_listener_that_no_rule_names_is_not_active() -> None:
    listeners = [*document()["properties"]["httpListeners"], part("idle", hostName="idle.example")]

    found = read_gateway(document(httpListeners=listeners))

    assert (found.counts[Part.LISTENERS], found.counts[Part.ACTIVE_LISTENERS]) == (3, 2)


def test_path_maps_lead_to_pools_too() -> None:
    paths = [
        part(
            f"path{number}",
            paths=["/a/*"],
            backendAddressPool={"id": f"{GATEWAY}/backendAddressPools/{number}"},
            firewallPolicy={"id": POLICY},
        )
        for number in range(3)
    ]
    path_map = part(
        "map",
        pathRules=paths,
        defaultBackendAddressPool={"id": f"{GATEWAY}/backendAddressPools/d"},
        defaultBackendHttpSettings={"id": f"{GATEWAY}/backendHttpSettingsCollection/d"},
    )

    found = read_gateway(document(urlPathMaps=[path_map], requestRoutingRules=[]))

    assert found.counts[Part.PATH_RULES] == 3
    assert found.used_counts == {Part.POOLS: 4, Part.SETTINGS: 1}
    assert found.waf_policy_ids == (POLICY,)


def test_a_listener_that_is_there_for_probes_has_no_hosts_of_users() -> None:
    probes = part("bsc-prepared", hostNames=["1f.bascule.invalid"])

    assert read_gateway(document(httpListeners=[probes])).hosts == ()


def test_hosts_are_named_and_a_listener_for_all_is_a_star() -> None:
    listeners = [
        part("a", hostName="one.example"),
        part("b", hostNames=["two.example", "*.three.example"]),
        part("c"),
    ]

    assert read_gateway(document(httpListeners=listeners)).hosts == (
        "*",
        "*.three.example",
        "one.example",
        "two.example",
    )


def test_agics_tags_and_objects_are_seen() -> None:
    found = read_gateway(document())

    assert found.is_marked_by_agic
    assert found.agic_cluster_id == cluster_id("old")
    assert len(found.agic.names) == 7
    assert found.agic.others == ()


@pytest.mark.parametrize("tag", ["managed-by-k8s-ingress", "ingress-for-aks-cluster-id"])
def test_either_tag_of_agic_marks_a_gateway(tag: str) -> None:
    assert read_gateway({**document(), "tags": {tag: "x"}}).is_marked_by_agic


def test_the_tags_of_a_gateway_that_was_taken_over_are_of_the_past() -> None:
    taken = {**document(), "tags": {**document()["tags"], "bascule-adopted": ""}}

    assert not read_gateway(taken).is_marked_by_agic


def test_objects_of_others_are_seen_beside_them() -> None:
    pools = [*document()["properties"]["backendAddressPools"], part("legacy")]

    assert read_gateway(document(backendAddressPools=pools)).agic.others == ("legacy",)


def test_a_gateway_of_az_bears_no_mark() -> None:
    plain = {**document(), "tags": {}}

    assert not read_gateway(plain).is_marked_by_agic


def test_an_autoscaling_gateway_says_how_far_it_grows() -> None:
    grown = document(autoscaleConfiguration={"minCapacity": 0, "maxCapacity": 10})

    assert read_gateway(grown).instances_max == 10


def test_what_it_uses_is_read() -> None:
    used = document(firewallPolicy={"id": POLICY})
    used["identity"] = {"userAssignedIdentities": {IDENTITY: {}}}

    found = read_gateway(used)

    assert (found.identity_ids, found.waf_policy_ids) == ((IDENTITY,), (POLICY,))


@pytest.mark.parametrize(
    ("state", "runs"), [("Running", True), ("Starting", True), ("Stopped", False), ("", True)]
)
def test_a_stopped_gateway_is_seen(state: str, runs: bool) -> None:  # noqa: FBT001 - of the table
    assert read_gateway(document(operationalState=state)).is_running is runs


def test_a_frontend_without_a_public_address_has_none() -> None:
    frontends = [part("private", privateIPAddress="10.0.0.9")]

    assert read_gateway(document(frontendIPConfigurations=frontends)).public_ip_ids == ()
