from typing import Any

import pytest

from bascule.lab.arm.network.gateways.names import canonical
from bascule.lab.arm.network.gateways.rules import check_document
from bascule.lab.arm.requests import ArmRefusal
from tests.support.arm_network import GATEWAY, gateway_body, rule

NOW = "2025-07-01"
BEFORE = "2021-05-01"


def check(*, api_version: str = NOW, **changes: Any) -> None:
    check_document(canonical(gateway_body(**changes)) | {"id": GATEWAY}, api_version)


def refusal(*, api_version: str = NOW, **changes: Any) -> ArmRefusal:
    with pytest.raises(ArmRefusal) as caught:
        check(api_version=api_version, **changes)
    return caught.value


def many(count: int, **properties: Any) -> list[dict[str, Any]]:
    return [{"name": f"n{number}", "properties": properties} for number in range(count)]


def listener(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            "frontendIPConfiguration": {"id": f"{GATEWAY}/frontendIPConfigurations/public"},
            "frontendPort": {"id": f"{GATEWAY}/frontendPorts/port"},
            "protocol": "Http",
            **properties,
        },
    }


def test_the_document_that_az_makes_is_accepted_with_a_priority() -> None:
    check()


def test_a_rule_without_priority_is_refused_from_august_2021_on() -> None:
    found = refusal(requestRoutingRules=[rule("rule1", None)])

    assert (found.status, found.code) == (
        400,
        "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty",
    )
    assert found.message == (
        f"Priority for the request routing rule {GATEWAY}/requestRoutingRules/rule1 cannot be "
        "empty. All request routing rules should have a priority defined starting from "
        "api-version 2021-08-01"
    )
    check(api_version=BEFORE, requestRoutingRules=[rule("rule1", None)])


def test_older_versions_want_all_rules_with_priority_or_none() -> None:
    rules = [rule("one", None), rule("two", 5, "other")]

    found = refusal(
        api_version=BEFORE,
        requestRoutingRules=rules,
        httpListeners=[listener("listener"), listener("other", hostName="a")],
    )

    assert found.code == "ApplicationGatewayRequestRoutingRulePartialPriorityDefined"


@pytest.mark.parametrize(
    ("priorities", "code"),
    [
        ((10, 10), "ApplicationGatewayRequestRoutingRulePriorityMustBeUnique"),
        ((10, 20_001), "ApplicationGatewayRequestRoutingRulePriorityInvalid"),
        ((0, 10), "ApplicationGatewayRequestRoutingRulePriorityInvalid"),
    ],
)
def test_priorities_are_unique_and_between_1_and_20000(
    priorities: tuple[int, int], code: str
) -> None:
    rules = [rule("one", priorities[0]), rule("two", priorities[1], "other")]

    found = refusal(
        requestRoutingRules=rules,
        httpListeners=[listener("listener"), listener("other", hostName="a")],
    )

    assert found.code == code


@pytest.mark.parametrize(
    ("collection", "limit", "code"),
    [
        ("backendAddressPools", 100, "ApplicationGatewayBackendAddressPoolLimitReached"),
        ("frontendPorts", 100, "ApplicationGatewayFrontendPortLimitReached"),
        ("frontendIPConfigurations", 4, "ApplicationGatewayFrontendIPConfigurationLimitReached"),
        ("httpListeners", 200, "ApplicationGatewayHttpListenerLimitReached"),
        ("backendHttpSettingsCollection", 100, "ApplicationGatewayBackendHttpSettingLimitReached"),
        ("sslCertificates", 100, "ApplicationGatewaySslCertificateLimitReached"),
    ],
)
def test_azures_limits_hold(collection: str, limit: int, code: str) -> None:
    changes: dict[str, Any] = {collection: many(limit + 1)}

    found = refusal(**changes)

    assert found.code == code
    assert f"is {limit + 1} and the maximum allowed is {limit}." in found.message


def test_a_hundred_listeners_may_send_traffic_and_more_may_redirect() -> None:
    names = [f"l{number}" for number in range(101)]
    listeners = [listener(name, hostName=name) for name in names]
    rules = [rule(name, number + 1, name) for number, name in enumerate(names)]

    found = refusal(httpListeners=listeners, requestRoutingRules=rules)

    assert found.code == "ApplicationGatewayActiveHttpListenerLimitReached"
    there = {"id": f"{GATEWAY}/redirectConfigurations/there"}
    rules[0]["properties"]["redirectConfiguration"] = there
    check(
        httpListeners=listeners,
        requestRoutingRules=rules,
        redirectConfigurations=[{"name": "there"}],
    )


def test_a_pool_has_at_most_1200_targets() -> None:
    targets = [{"ipAddress": "10.0.0.1"}] * 1201

    found = refusal(backendAddressPools=many(1, backendAddresses=targets))

    assert found.code == "ApplicationGatewayBackendAddressLimitReached"


@pytest.mark.parametrize(
    "target",
    [f"{GATEWAY}/httpListeners/none", f"{GATEWAY}/probes/listener", "/subscriptions/s/x"],
)
def test_a_reference_to_what_is_not_there_is_refused(target: str) -> None:
    broken = rule("rule1", 10)
    broken["properties"]["httpListener"]["id"] = target

    found = refusal(requestRoutingRules=[broken])

    assert found.code == "InvalidResourceReference"
    assert found.message.startswith(
        f"Resource {target} referenced by resource {GATEWAY}/requestRoutingRules/rule1 was not "
    )


def test_a_reference_is_a_full_id() -> None:
    broken = rule("rule1", 10)
    broken["properties"]["httpListener"]["id"] = "listener"

    assert refusal(requestRoutingRules=[broken]).code == "LinkedInvalidPropertyId"


def test_references_are_compared_without_case() -> None:
    shouted = rule("rule1", 10)
    shouted["properties"]["httpListener"]["id"] = f"{GATEWAY}/httpListeners/listener".upper()

    with pytest.raises(ArmRefusal):
        check(requestRoutingRules=[rule("rule1", 10, "nobody")])
    shouted["properties"]["httpListener"]["id"] = f"{GATEWAY.lower()}/HTTPLISTENERS/Listener"
    check(requestRoutingRules=[shouted])


def test_two_listeners_may_not_share_port_and_host() -> None:
    found = refusal(httpListeners=[listener("listener"), listener("other")])

    assert found.code == "ApplicationGatewayHttpListenersUsingSameFrontendPort"
    check(httpListeners=[listener("listener"), listener("other", hostNames=["a", "b"])])


@pytest.mark.parametrize(
    ("sku", "code"),
    [
        ({"name": "Standard_Small", "capacity": 2}, "ApplicationGatewaySkuNotSupported"),
        (
            {"name": "Standard_v2", "tier": "WAF_v2", "capacity": 2},
            "ApplicationGatewaySkuTierDoesNotMatchSkuName",
        ),
        ({"name": "Standard_v2"}, "ApplicationGatewaySkuCapacityMustBeSpecified"),
        ({"name": "Standard_v2", "capacity": 126}, "ApplicationGatewaySkuCapacityOutOfRange"),
    ],
)
def test_the_sku_is_one_of_today_with_a_size(sku: dict[str, Any], code: str) -> None:
    assert refusal(sku=sku).code == code


def test_autoscaling_stands_for_a_capacity() -> None:
    check(sku={"name": "Standard_v2"}, autoscaleConfiguration={"minCapacity": 1})


def test_an_older_firewall_halves_the_limits() -> None:
    pools = [{"name": "pool"}, *many(40)]
    sku = {"name": "WAF_v2", "capacity": 1}

    def with_rules(version: str) -> dict[str, Any]:
        firewall = {"enabled": True, "ruleSetVersion": version}
        return {
            "sku": sku,
            "backendAddressPools": pools,
            "webApplicationFirewallConfiguration": firewall,
        }

    found = refusal(**with_rules("3.1"))

    assert found.message.endswith("is 41 and the maximum allowed is 40.")
    check(**with_rules("3.2"))


def test_a_firewall_needs_the_sku_for_it() -> None:
    found = refusal(webApplicationFirewallConfiguration={"enabled": True})

    assert found.code == "ApplicationGatewayFirewallCannotBeEnabledForSelectedSku"


@pytest.mark.parametrize(
    "changes",
    [
        {"frontendPorts": None},
        {"sku": None},
        {"backendAddressPools": ["pool"]},
        {"backendAddressPools": [{"properties": {}}]},
        {"backendAddressPools": [{"name": "pool"}, {"name": "POOL"}]},
    ],
)
def test_a_document_of_the_wrong_shape_cannot_be_parsed(changes: dict[str, Any]) -> None:
    assert refusal(**changes).code == "InvalidRequestFormat"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"httpListeners": [listener("listener", protocol="Https")]}, "SslCertificate"),
        ({"httpListeners": [listener("listener", frontendPort=None)]}, "FrontendPort"),
        ({"backendHttpSettingsCollection": many(1)}, "Port"),
    ],
)
def test_parts_have_what_they_cannot_do_without(changes: dict[str, Any], what: str) -> None:
    found = refusal(**changes)

    assert found.code.endswith(f"{what}CannotBeEmpty")


def test_a_rule_of_paths_needs_a_map_and_a_redirect_needs_no_pool() -> None:
    by_path = rule("rule1", 10)
    by_path["properties"]["RuleType"] = "pathbasedrouting"
    bare = rule("rule1", 10)
    del bare["properties"]["backendAddressPool"]
    redirecting = rule("rule1", 10)
    del redirecting["properties"]["backendAddressPool"]
    redirecting["properties"]["redirectConfiguration"] = {
        "id": f"{GATEWAY}/redirectConfigurations/there"
    }

    assert refusal(requestRoutingRules=[by_path]).code.endswith("UrlPathMapCannotBeEmpty")
    assert refusal(requestRoutingRules=[bare]).code.endswith("BackendAddressPoolCannotBeEmpty")
    check(requestRoutingRules=[redirecting], redirectConfigurations=[{"name": "there"}])
