from bascule.platform.plan.traffic import find_behind, find_live_addresses, find_live_pools
from tests.support.appgw_tables import translate_case, whole_document


def _pool(name: str, *addresses: dict[str, str]) -> dict[str, object]:
    return {"name": name, "properties": {"backendAddresses": list(addresses)}}


def _to(pool: str, key: str = "backendAddressPool") -> dict[str, object]:
    return {"properties": {key: {"id": f"/gw/backendAddressPools/{pool}"}}}


GATEWAY = {
    "properties": {
        "backendAddressPools": [
            _pool("rule", {"ipAddress": "10.240.0.4"}),
            _pool("Path", {"fqdn": "shop.example.com"}),
            _pool("default", {"ipAddress": "10.240.0.5"}),
            _pool("tcp", {"ipAddress": "10.240.0.6"}, {}),
            _pool("empty"),
            _pool("unused", {"ipAddress": "10.240.0.7"}),
        ],
        "requestRoutingRules": [
            _to("rule"),
            _to("empty"),
            {"properties": {"urlPathMap": {"id": "/gw/urlPathMaps/map"}}},
        ],
        "urlPathMaps": [
            {
                "name": "Map",
                "properties": {
                    "defaultBackendAddressPool": {"id": "/gw/backendAddressPools/default"},
                    "pathRules": [_to("path")],
                },
            }
        ],
        "routingRules": [_to("tcp")],
    }
}


def test_pools_with_addresses_that_rules_lead_to_are_live() -> None:
    assert find_live_pools(GATEWAY) == ("rule", "Path", "default", "tcp")
    assert find_live_pools({}) == ()


def test_what_is_led_to_for_probes_alone_carries_no_traffic() -> None:
    text = """
    ingresses: [{hosts: [a.test], paths: [{path: /}, {path: /api, to: api}]}]
    services:
      web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}
      api: {blue: ['10.0.0.2:80'], green: ['10.1.0.2:80']}
    """
    document = whole_document(translate_case(text))

    assert "bsc-prepared" in str(document)
    assert find_live_addresses(document) == ("10.0.0.1", "10.0.0.2")


def test_their_addresses_are_sorted() -> None:
    assert find_live_addresses(GATEWAY) == (
        "10.240.0.4",
        "10.240.0.5",
        "10.240.0.6",
        "shop.example.com",
    )


def test_addresses_behind_a_gateway_lie_in_a_range() -> None:
    found = find_behind(["10.240.0.4", "10.1.0.4", "shop.example.com"], ["10.240.0.0/16"])

    assert found == ("10.240.0.4",)
