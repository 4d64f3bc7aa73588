from typing import Any

import pytest

from bascule.lab.arm.deployments.template import ReferenceNeededError, Template
from bascule.lab.arm.requests import ArmRefusal
from tests.support.arm_world import LOCATION, RG, SUBSCRIPTION, S

NET = f"{RG}/providers/Microsoft.Network"
NETWORK = {
    "type": "Microsoft.Network/virtualNetworks",
    "name": "net",
    "apiVersion": "2024-07-01",
    "location": "[resourceGroup().location]",
    "properties": {"id": "[resourceId('Microsoft.Network/publicIPAddresses', 'ip')]"},
}


def read(*resources: Any, given: Any = None, **parts: Any) -> Template:
    return Template(
        {"resources": list(resources), **parts},
        given,
        group={"id": RG, "name": "AKS_Upgrade", "location": LOCATION},
        subscription={"id": S, "subscriptionId": SUBSCRIPTION},
        deployment="made",
    )


def message(*resources: Any, **parts: Any) -> str:
    with pytest.raises(ArmRefusal) as caught:
        read(*resources, **parts)
    assert caught.value.code == "InvalidTemplate"
    return caught.value.message


def test_a_resource_becomes_an_id_and_a_body() -> None:
    template = read(NETWORK)

    (resource,) = template.resources
    assert (resource.id, resource.api_version) == (f"{NET}/virtualNetworks/net", "2024-07-01")
    assert template.body_of(resource, {}) == {
        "location": LOCATION,
        "properties": {"id": f"{NET}/publicIPAddresses/ip"},
    }


def test_names_of_children_lie_between_their_types() -> None:
    child = {"type": "subnets", "name": "s", "dependsOn": ["net"]}
    other = {"type": "Microsoft.Network/virtualNetworks/subnets", "name": "net/t"}

    template = read(NETWORK | {"resources": [child]}, other)

    assert [each.id.removeprefix(NET) for each in template.resources] == [
        "/virtualNetworks/net",
        "/virtualNetworks/net/subnets/s",
        "/virtualNetworks/net/subnets/t",
    ]
    assert template.resources[1].depends_on == (f"{NET}/virtualNetworks/net".lower(),)


def test_parameters_have_values_defaults_and_types() -> None:
    declared = {
        "name": {"type": "string"},
        "ids": {"type": "array", "defaultValue": "[createArray(parameters('name'))]"},
        "certPassword": {"type": "securestring", "defaultValue": "x"},
    }

    template = read(parameters=declared, given={"NAME": {"value": "shop"}})

    assert template.parameters == {"name": "shop", "ids": ["shop"], "certPassword": "x"}
    assert template.shown_parameters() == {
        "name": {"type": "String", "value": "shop"},
        "ids": {"type": "Array", "value": ["shop"]},
        "certPassword": {"type": "Securestring"},
    }


def test_ids_may_name_group_and_subscription() -> None:
    wanted = {
        "one": "[resourceId('other', 'A.B/c', 'n')]",
        "two": "[resourceId('sub', 'other', 'A.B/c/d', 'n', 'm')]",
        "three": "[subscriptionResourceId('A.B/c', 'n')]",
        "four": "[deployment().name]",
        "five": "[subscription().subscriptionId]",
    }
    outputs = {name: {"type": "string", "value": text} for name, text in wanted.items()}

    found = read(outputs=outputs).outputs({})

    assert {name: each["value"] for name, each in found.items()} == {
        "one": f"{S}/resourceGroups/other/providers/A.B/c/n",
        "two": "/subscriptions/sub/resourceGroups/other/providers/A.B/c/n/d/m",
        "three": f"{S}/providers/A.B/c/n",
        "four": "made",
        "five": SUBSCRIPTION,
    }
    assert found["one"]["type"] == "String"


def test_a_reference_waits_for_the_state_of_its_resource() -> None:
    template = read(
        NETWORK,
        outputs={
            "short": {"type": "object", "value": "[reference('net')]"},
            "full": {"type": "object", "value": "[reference('net', '2024-07-01', 'Full')]"},
        },
    )
    network_id = f"{NET}/virtualNetworks/net"
    state = {"id": network_id, "properties": {"a": 1}}

    with pytest.raises(ReferenceNeededError) as caught:
        template.outputs({})

    assert (caught.value.resource_id, caught.value.api_version) == (network_id, "2024-07-01")
    outputs = template.outputs({network_id.lower(): state})
    assert (outputs["short"]["value"], outputs["full"]["value"]) == ({"a": 1}, state)


def test_a_scope_puts_a_resource_onto_another() -> None:
    role = {"type": "Microsoft.Authorization/roleAssignments", "name": "r"}
    text = "Microsoft.Network/virtualNetworks/net"

    template = read(role | {"scope": text}, role | {"scope": f"{NET}/virtualNetworks/net"})

    assert {each.id for each in template.resources} == {
        f"{NET}/virtualNetworks/net/providers/Microsoft.Authorization/roleAssignments/r"
    }


def test_what_has_a_false_condition_is_left_out() -> None:
    assert read(NETWORK | {"condition": "[equals(1, 2)]"}).resources == ()


def test_providers_are_shown_by_namespace() -> None:
    (shown,) = read(NETWORK).shown_providers()

    assert shown == {
        "namespace": "Microsoft.Network",
        "resourceTypes": [{"resourceType": "virtualNetworks", "locations": [LOCATION]}],
    }


def test_a_template_that_cannot_be_deployed_is_refused() -> None:
    circle = [
        NETWORK | {"dependsOn": ["other"]},
        NETWORK | {"name": "other", "dependsOn": ["net"]},
    ]

    assert "Circular" in message(*circle)
    assert "'nobody' is not defined" in message(NETWORK | {"dependsOn": ["nobody"]})
    assert "no type" in message({"name": "x"})
    assert "wants 2 names" in message({"type": "A.B/c/d", "name": "x"})
    assert "'copy'" in message(NETWORK | {"copy": {"count": 2}})
    assert "is missing" in message(parameters={"a": {"type": "string"}})
    assert "not valid" in message(given={"b": {"value": 1}})
    assert "variable 'x' is not found" in message(NETWORK | {"name": "[variables('x')]"})
    assert "more than 800" in message(*[NETWORK] * 801)


def test_variables_may_use_variables() -> None:
    template = read(
        NETWORK | {"name": "[variables('name')]"},
        variables={"name": "[concat(variables('base'), '1')]", "base": "net"},
    )

    assert template.resources[0].name == "net1"


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(ArmRefusal):
        Template(None, None, group={}, subscription={}, deployment="x")
