from bascule.azure.gateway_rules import find_led_pools, hosts_of_listener
from tests.support.reach_documents import gateway, listener, path_map, rule


def test_a_listener_has_hosts_one_host_or_any() -> None:
    assert hosts_of_listener(listener("l", "A.test", "b.test")) == ("a.test", "b.test")
    assert hosts_of_listener({"properties": {"hostName": "A.test"}}) == ("a.test",)
    assert hosts_of_listener(listener("l")) == ("*",)


def test_rules_lead_by_themselves_and_by_the_maps_that_they_name() -> None:
    document = gateway(
        maps=[path_map("M", "Default", "path"), path_map("unnamed", "unnamed")],
        rules=[rule("basic", to="Basic"), rule("by-map", path_map="m"), rule("dead", path_map="x")],
    )

    assert find_led_pools(document) == {"basic", "default", "path"}


def test_rules_of_streams_lead_too() -> None:
    assert find_led_pools({"properties": {"routingRules": [rule("tcp", to="t")]}}) == {"t"}


def test_only_rules_of_hosts_that_count_are_followed() -> None:
    document = gateway(
        rules=[rule("a", to="a"), rule("b", to="b"), rule("c", to="c", listener="gone")],
        listeners=[listener("A", "a.test"), listener("b")],
    )

    assert find_led_pools(document, lambda hosts: hosts == ("a.test",)) == {"a"}
    assert find_led_pools(document, lambda hosts: hosts == ("*",)) == {"b", "c"}
