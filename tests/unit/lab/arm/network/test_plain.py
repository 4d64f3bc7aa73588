import pytest

from tests.support.arm_network import (
    CLUSTER_SUBNET,
    NET,
    error_codes,
    network_lab,
    subnet_body,
)
from tests.support.arm_world import LOCATION, S

GROUP = f"{NET}/networkSecurityGroups/group"
ENDPOINT = f"{NET}/privateEndpoints/endpoint"
ZONE = f"{NET}/privateDnsZones/shop.example"
BODY = {"location": LOCATION, "properties": {}}


async def test_a_document_is_kept_as_it_came_with_ids_and_etags() -> None:
    async with network_lab() as lab:
        path = f"{NET}/NATGATEWAYS/Nat"

        made = await lab.ask("PUT", path, BODY | {"sku": {"name": "Standard"}, "tags": {"a": "b"}})

        assert (made.status, made.body["id"]) == (201, f"{NET}/natGateways/Nat")
        assert made.body["properties"] == {"provisioningState": "Succeeded"}
        assert (made.body["sku"], made.body["tags"]) == ({"name": "Standard"}, {"a": "b"})
        assert (await lab.ask("PUT", path, BODY)).status == 200
        assert (await lab.ask("PATCH", path, {"tags": {"c": "d"}})).body["tags"] == {"c": "d"}
        listed = await lab.get(f"{S}/providers/Microsoft.Network/natGateways")
        assert [each["name"] for each in listed["value"]] == ["Nat"]
        assert (await lab.ask("DELETE", path)).status == 200
        assert (await lab.ask("DELETE", path)).status == 204


async def test_rules_of_a_security_group_live_in_the_group() -> None:
    async with network_lab() as lab:
        await lab.ask("PUT", GROUP, BODY)
        rule = {"properties": {"priority": 100, "access": "Allow", "direction": "Inbound"}}

        made = await lab.ask("PUT", f"{GROUP}/securityRules/web", rule)

        group = await lab.get(GROUP)
        assert made.status == 201
        assert group["properties"]["securityRules"] == [made.body]
        assert made.body["id"] == f"{GROUP}/securityRules/web"
        assert len(group["properties"]["defaultSecurityRules"]) == 6
        assert await lab.get(f"{GROUP}/securityRules/WEB") == made.body
        assert (await lab.get(f"{GROUP}/securityRules"))["value"] == [made.body]
        assert (await lab.ask("PUT", f"{GROUP}/securityRules/web", rule)).status == 200
        assert (await lab.ask("DELETE", f"{GROUP}/securityRules/web")).status == 200
        assert (await lab.ask("DELETE", f"{GROUP}/securityRules/web")).status == 204
        assert (await lab.ask("GET", f"{GROUP}/securityRules/web")).status == 404
        assert (await lab.ask("POST", f"{GROUP}/securityRules/web")).status == 405
        orphan = await lab.ask("PUT", f"{GROUP}2/securityRules/web", rule)
        assert error_codes(orphan) == ("ParentResourceNotFound",)
        assert (await lab.ask("GET", f"{GROUP}2/securityRules/web")).status == 404


async def test_a_private_endpoint_uses_its_subnet() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        body = {"location": LOCATION, "properties": {"subnet": {"id": CLUSTER_SUBNET}}}

        await lab.ask("PUT", ENDPOINT, body)

        held = await lab.ask("DELETE", CLUSTER_SUBNET)
        assert error_codes(held) == ("InUseSubnetCannotBeDeleted",)
        assert (await lab.ask("DELETE", ENDPOINT)).status == 200
        assert (await lab.ask("DELETE", CLUSTER_SUBNET)).status == 202


async def test_a_security_group_in_use_stays() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await lab.ask("PUT", GROUP, BODY)
        body = subnet_body("10.240.0.0/16")
        body["properties"]["networkSecurityGroup"] = {"id": GROUP}
        await lab.done("PUT", CLUSTER_SUBNET, body)

        assert (await lab.get(GROUP))["properties"]["subnets"] == [{"id": CLUSTER_SUBNET}]
        held = await lab.ask("DELETE", GROUP)
        assert error_codes(held) == ("InUseNetworkSecurityGroupCannotBeDeleted",)


async def test_private_zones_are_global_and_have_links() -> None:
    async with network_lab() as lab:
        made = await lab.ask("PUT", ZONE, {"location": "global"})
        link = await lab.ask("PUT", f"{ZONE}/virtualNetworkLinks/one", {"location": "global"})

        assert made.body["location"] == "global"
        assert link.body["type"] == "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
        assert (await lab.get(f"{ZONE}/virtualNetworkLinks"))["value"] == [link.body]
        orphan = await lab.ask("PUT", f"{ZONE}2/virtualNetworkLinks/one", {})
        assert error_codes(orphan) == ("ParentResourceNotFound",)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", GROUP, 404),
        ("POST", GROUP, 405),
        ("POST", f"{NET}/networkSecurityGroups", 405),
        ("GET", f"{GROUP}/securityRules", 404),
    ],
)
async def test_other_requests_are_refused(method: str, path: str, status: int) -> None:
    async with network_lab() as lab:
        assert (await lab.ask(method, path)).status == status
