from collections.abc import Callable

import pytest

from bascule.gateway.appgw.annotations import values

POLICY = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
    "/applicationGatewayWebApplicationFirewallPolicies/strict"
)


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_what_go_reads_as_true_is_true(text: str) -> None:
    assert values.read_bool(text)


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_what_go_reads_as_false_is_false(text: str) -> None:
    assert not values.read_bool(text)


@pytest.mark.parametrize("text", ["yes", "on", "tRUE", " true", "", "2"])
def test_what_go_does_not_read_as_a_boolean_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="true or false"):
        values.read_bool(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("30", 30), ("+7", 7), ("007", 7), ("86400", 86_400)]
)
def test_whole_numbers_are_read_as_go_does(text: str, expected: int) -> None:
    assert values.number(1, 86_400)(text) == expected


@pytest.mark.parametrize(
    "text", ["20s", "0x10", "1_0", "1.5", " 1", "", "0", "86401", "4294967326", "٣"]
)
def test_what_is_no_number_in_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="seconds from 1 to 86400"):
        values.number(1, 86_400, "seconds")(text)


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (values.read_protocol, "HTTPS", "Https"),
        (values.read_protocol, "http", "Http"),
        (values.read_child, "my-cert_1.x", "my-cert_1.x"),
        (values.read_children, "one, two,one", ("one", "two")),
        (values.read_object_name, "headers", "headers"),
        (values.read_host, "Shop.Example.com", "shop.example.com"),
        (values.read_path, "/a/b/", "/a/b/"),
        (values.read_probe_path, "/ready?deep=1", "/ready?deep=1"),
        (values.read_probe_path, "/foo*", "/foo"),
        (values.read_codes, "200-399, 401", ("200-399", "401")),
        (values.read_policy, POLICY, POLICY),
    ],
)
def test_good_values_are_read(read: Callable[[str], object], text: str, expected: object) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (values.read_protocol, "h2c"),
        (values.read_child, ""),
        (values.read_child, "a b"),
        (values.read_child, "a/b"),
        (values.read_child, "x" * 81),
        (values.read_children, "one,,two"),
        (values.read_object_name, "Headers"),
        (values.read_host, "*.example.com"),
        (values.read_host, "shop.example.com:80"),
        (values.read_host, ""),
        (values.read_path, "a"),
        (values.read_path, "/a?b"),
        (values.read_path, "/a*"),
        (values.read_probe_path, "ready"),
        (values.read_probe_path, "/a b"),
        (values.read_probe_path, "/a#b"),
        (values.read_codes, "2xx"),
        (values.read_codes, "399-200"),
        (values.read_codes, "200-"),
        (values.read_codes, "600"),
        (values.read_policy, "strict"),
        (values.read_policy, POLICY + "/more"),
        (values.read_policy, POLICY.replace("Network", "Cdn")),
    ],
)
def test_values_that_the_gateway_would_refuse_are_refused(
    read: Callable[[str], object], text: str
) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        read(text)
