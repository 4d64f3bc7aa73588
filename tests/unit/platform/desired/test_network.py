from bascule.azure.document import list_at, object_at, text_at, value_at
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import Kind, Resource
from bascule.platform.desired.network import build_network_part, needs_group
from tests.support.platforms import SMALL, read_ids


def _built(ids: Ids) -> dict[str, Resource]:
    return {resource.name: resource for resource in build_network_part(ids)}


def _with_gateway(more: str) -> Resource:
    return _built(read_ids(SMALL.replace("subnet: front}", f"subnet: front, {more}}}")))[
        "gateway gw"
    ]


def test_they_come_in_the_order_in_which_they_are_made() -> None:
    assert [resource.kind for resource in build_network_part(read_ids())] == [
        Kind.GROUP,
        Kind.NETWORK,
        Kind.SUBNET,
        Kind.SUBNET,
        Kind.PUBLIC_IP,
        Kind.GATEWAY,
    ]


def test_each_has_what_it_needs_before_it() -> None:
    seen: set[str] = set()
    for resource in build_network_part(read_ids()):
        assert {need.key for need in resource.needs} <= seen
        seen.add(resource.id.key)


def test_the_network_is_made_with_its_subnets_and_not_compared_by_them() -> None:
    network = _built(read_ids())["network net"]

    assert [
        text_at(each, "name") for each in list_at(network.document, "properties", "subnets")
    ] == ["front", "nodes"]
    assert value_at(network.kept, "properties", "subnets") is None


def test_subnets_say_what_they_are_for() -> None:
    built = _built(read_ids())

    assert built["subnet front"].reason == "the gateway has it for itself"
    assert "nodes" in built["subnet nodes"].reason


def test_the_public_ip_is_static_and_may_have_a_name() -> None:
    text = SMALL.replace("{name: ip}", "{name: ip, zones: ['1'], dnsLabel: shop}")

    address = _built(read_ids(text))["public IP ip"]

    assert value_at(address.kept, "zones") == ["1"]
    assert text_at(address.kept, "properties", "publicIPAllocationMethod") == "Static"
    assert text_at(address.kept, "properties", "dnsSettings", "domainNameLabel") == "shop"


def test_the_rule_that_a_gateway_is_made_with_comes_after_all_others() -> None:
    gateway = _built(read_ids())["gateway gw"]

    (rule,) = list_at(gateway.document, "properties", "requestRoutingRules")
    assert value_at(rule, "properties", "priority") == 20_000
    assert value_at(gateway.kept, "properties", "requestRoutingRules") is None
    assert "autoscaleConfiguration" not in object_at(gateway.document, "properties")


def test_a_gateway_may_scale_by_itself() -> None:
    gateway = _with_gateway("autoscale: {min: 1, max: 5}, zones: ['1', '2']")

    assert object_at(gateway.kept, "properties", "autoscaleConfiguration") == {
        "minCapacity": 1,
        "maxCapacity": 5,
    }
    assert value_at(gateway.document, "properties", "sku") == {
        "name": "Standard_v2",
        "tier": "Standard_v2",
    }
    assert value_at(gateway.document, "zones") == ["1", "2"]


def test_a_gateway_may_have_a_firewall_and_an_identity() -> None:
    text = "/subscriptions/s/resourceGroups/g/providers/p/t/n"

    gateway = _with_gateway(f"sku: WAF_v2, wafPolicy: {text}, identity: {text}")

    assert text_at(gateway.document, "properties", "firewallPolicy", "id") == text
    assert object_at(gateway.document, "identity", "userAssignedIdentities") == {text: {}}


def test_a_group_that_is_not_the_platforms_is_not_made() -> None:
    ids = read_ids()

    assert needs_group(ids, "shared") == ()
    assert needs_group(ids, None) == (ids.group,)


def test_instances_that_the_file_does_not_count_are_not_taken_away() -> None:
    unsaid = _built(read_ids())["gateway gw"]
    said = _with_gateway("capacity: 3, sku: Standard_v2")

    assert object_at(unsaid.kept, "properties") == {"sku": {}}
    assert value_at(unsaid.document, "properties", "sku", "capacity") == 2
    assert object_at(said.kept, "properties") == {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 3},
        "autoscaleConfiguration": None,
    }
