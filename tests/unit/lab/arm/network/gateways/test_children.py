from typing import Any

from bascule.lab.arm.network.gateways.children import children, complete, stamp
from bascule.lab.arm.network.gateways.names import canonical
from bascule.lab.arm.resources import Document
from tests.support.arm_network import GATEWAY, gateway_body, rule


def completed(**changes: Any) -> Document:
    document: Document = canonical(gateway_body(**changes)) | {"id": GATEWAY}
    complete(document)
    stamp(document, etag='W/"1"', state="Succeeded")
    return document


def part(document: Document, collection: str, name: str) -> Document:
    (found,) = [
        child.body
        for child in children(document)
        if child.collection == collection and child.body["name"] == name
    ]
    return found


def id_of(collection: str, name: str) -> dict[str, str]:
    return {"id": f"{GATEWAY}/{collection}/{name}"}


def path_map() -> Document:
    targets = {
        "backendAddressPool": id_of("backendAddressPools", "pool"),
        "backendHttpSettings": id_of("backendHttpSettingsCollection", "settings"),
    }
    return {
        "name": "map",
        "properties": {
            "defaultBackendAddressPool": targets["backendAddressPool"],
            "defaultBackendHttpSettings": targets["backendHttpSettings"],
            "pathRules": [{"name": "api", "properties": {"paths": ["/api/*"], **targets}}],
        },
    }


def test_each_part_is_stamped_with_id_type_etag_and_state() -> None:
    document = completed(urlPathMaps=[path_map()])

    listener = part(document, "httpListeners", "listener")
    assert (listener["id"], listener["type"], listener["etag"]) == (
        f"{GATEWAY}/httpListeners/listener",
        "Microsoft.Network/applicationGateways/httpListeners",
        'W/"1"',
    )
    assert listener["properties"]["provisioningState"] == "Succeeded"
    api = part(document, "pathRules", "api")
    assert (api["id"], api["type"]) == (
        f"{GATEWAY}/urlPathMaps/map/pathRules/api",
        "Microsoft.Network/applicationGateways/urlPathMaps/pathRules",
    )


def test_what_refers_to_a_part_is_shown_there() -> None:
    document = completed(urlPathMaps=[path_map()])

    rule1 = id_of("requestRoutingRules", "rule1")
    pool = part(document, "backendAddressPools", "pool")["properties"]
    assert pool["requestRoutingRules"] == [rule1]
    assert pool["urlPathMaps"] == [id_of("urlPathMaps", "map")]
    assert pool["pathRules"] == [id_of("urlPathMaps", "map/pathRules/api")]
    for collection, name in (("frontendIPConfigurations", "public"), ("frontendPorts", "port")):
        shown = part(document, collection, name)["properties"]["httpListeners"]
        assert shown == [id_of("httpListeners", "listener")]
    assert part(document, "httpListeners", "listener")["properties"]["requestRoutingRules"] == [
        rule1
    ]


def test_back_references_that_a_client_sends_back_are_not_believed() -> None:
    stale = [id_of("requestRoutingRules", "gone")]

    document = completed(
        backendAddressPools=[
            {"name": "pool", "properties": {"requestRoutingRules": stale}},
            {"name": "unused", "properties": {"requestRoutingRules": stale}},
        ],
        probes=[{"name": "probe", "properties": {"backendHttpSettings": stale}}],
    )

    pool = part(document, "backendAddressPools", "pool")["properties"]
    assert pool["requestRoutingRules"] == [id_of("requestRoutingRules", "rule1")]
    unused = part(document, "backendAddressPools", "unused")["properties"]
    assert unused == {"backendAddresses": [], "provisioningState": "Succeeded"}
    assert "backendHttpSettings" not in part(document, "probes", "probe")["properties"]


def test_defaults_are_filled_in_and_what_was_sent_stays() -> None:
    document = completed(probes=[{"name": "probe", "properties": {"interval": 5}}])

    settings = part(document, "backendHttpSettingsCollection", "settings")["properties"]
    assert (settings["requestTimeout"], settings["pickHostNameFromBackendAddress"]) == (30, False)
    listener = part(document, "httpListeners", "listener")["properties"]
    assert (listener["hostNames"], listener["requireServerNameIndication"]) == ([], False)
    probe = part(document, "probes", "probe")["properties"]
    assert (probe["interval"], probe["unhealthyThreshold"], probe["minServers"]) == (5, 3, 0)
    assert document["properties"]["redirectConfigurations"] == []


def test_two_gateways_share_no_default() -> None:
    one, other = (completed(requestRoutingRules=[rule("rule1", 1)]) for _ in range(2))

    part(one, "httpListeners", "listener")["properties"]["hostNames"].append("a")

    assert part(other, "httpListeners", "listener")["properties"]["hostNames"] == []
