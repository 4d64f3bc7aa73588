from dataclasses import replace
from typing import Any

from bascule.checks.findings import Finding, Severity
from bascule.platform.plan.unmaking import (
    Fate,
    Found,
    Removal,
    UnmakingPlan,
    plan_unmaking,
    render_unmaking,
)
from tests.support.blue_cluster import BLUE_ID, GROUP, NODES, build_blue_document
from tests.support.platforms import read_ids

OURS = {"bascule-platform": "shop"}
IDS = read_ids()
GATEWAY = str(IDS.gateway)
NETWORK = str(IDS.network)


def _listed(resource: str, tags: dict[str, str] | None = None) -> dict[str, Any]:
    return {"id": resource, "tags": OURS if tags is None else tags}


FOUND = Found(
    resources=(_listed(GATEWAY), _listed(BLUE_ID), _listed(NETWORK)),
    groups={IDS.group.key: {"id": str(IDS.group), "tags": OURS}},
    gateways={IDS.gateway.key: {"name": "gw", "properties": {}}},
    clusters={BLUE_ID.lower(): build_blue_document()},
    ranges={NODES.lower(): "10.240.0.0/16"},
)


def _live(address: str) -> dict[str, Any]:
    pool = {"name": "shop", "properties": {"backendAddresses": [{"ipAddress": address}]}}
    target = {"backendAddressPool": {"id": f"{GATEWAY}/backendAddressPools/shop"}}
    rules = [{"properties": target}]
    return {
        "name": "gw",
        "properties": {"backendAddressPools": [pool], "requestRoutingRules": rules},
    }


def _fates(plan: UnmakingPlan) -> dict[str, Fate]:
    return {removal.name: removal.fate for removal in plan.removals}


def _named(plan: UnmakingPlan, name: str) -> Removal:
    (found,) = (removal for removal in plan.removals if removal.name == name)
    return found


def test_what_it_made_goes_in_order_and_the_group_last() -> None:
    plan = plan_unmaking(IDS, FOUND)

    assert [removal.name for removal in plan.removals] == [
        "cluster old",
        "gateway gw",
        "network net",
        "resource group rg",
    ]
    assert set(_fates(plan).values()) == {Fate.REMOVE}
    assert plan.blockers == ()
    assert not plan.is_empty


def test_a_cluster_is_stopped_first() -> None:
    cluster = _named(plan_unmaking(IDS, FOUND), "cluster old")

    assert cluster.is_stopped_first
    assert cluster.estimate_s == 187.0 + 105.0


def test_a_cluster_that_is_stopped_only_goes() -> None:
    stopped = build_blue_document(properties__powerState={"code": "Stopped"})

    plan = plan_unmaking(IDS, replace(FOUND, clusters={BLUE_ID.lower(): stopped}))

    assert not _named(plan, "cluster old").is_stopped_first


def test_what_it_did_not_make_stays_and_so_does_its_group() -> None:
    found = replace(FOUND, resources=(_listed(GATEWAY, {}), _listed(BLUE_ID)))

    plan = plan_unmaking(IDS, found)

    assert _fates(plan) == {
        "cluster old": Fate.REMOVE,
        "gateway gw": Fate.KEEP,
        "resource group rg": Fate.KEEP,
    }
    assert _named(plan, "resource group rg").reason == "it holds gw"


def test_kinds_that_it_never_makes_are_not_even_named() -> None:
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/secrets"

    plan = plan_unmaking(IDS, replace(FOUND, resources=(_listed(vault),)))

    assert _fates(plan) == {"resource group rg": Fate.KEEP}


def test_a_group_of_somebody_else_is_not_named() -> None:
    found = Found(groups={IDS.group.key: {"id": str(IDS.group)}})

    plan = plan_unmaking(IDS, found)

    assert plan.removals == ()
    assert plan.is_empty


def test_rights_of_the_platform_go_first() -> None:
    right = f"{GATEWAY}/providers/Microsoft.Authorization/roleAssignments/1"
    other = {"id": f"{right}2", "properties": {"description": "bascule-platform: other"}}
    mine = {"id": right, "properties": {"description": "bascule-platform: shop"}}
    credential = (
        f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
        "/federatedIdentityCredentials/new-app"
    )

    plan = plan_unmaking(
        IDS, replace(FOUND, assignments=(mine, other), credentials=({"id": credential},))
    )

    assert [removal.name for removal in plan.removals[:2]] == [
        "role assignment 1",
        "federated credential new-app",
    ]


def test_a_gateway_that_carries_traffic_is_refused() -> None:
    found = replace(FOUND, gateways={IDS.gateway.key: _live("192.168.1.1")})

    plan = plan_unmaking(IDS, found)

    assert _named(plan, "gateway gw").fate is Fate.REFUSE
    assert _named(plan, "cluster old").fate is Fate.REMOVE
    assert plan.blockers == ("gateway gw: rules lead to shop with addresses",)


def test_a_cluster_behind_the_gateway_is_refused() -> None:
    found = replace(FOUND, gateways={IDS.gateway.key: _live("10.240.0.9")})

    plan = plan_unmaking(IDS, found)

    assert _named(plan, "cluster old").reason == "gw sends to 10.240.0.9, which may be its"


def test_traffic_is_cut_only_by_naming_the_gateway() -> None:
    found = replace(FOUND, gateways={IDS.gateway.key: _live("10.240.0.9")})

    assert plan_unmaking(IDS, found, despite_traffic="other").blockers
    plan = plan_unmaking(IDS, found, despite_traffic="GW")
    assert plan.blockers == ()
    assert _named(plan, "gateway gw").reason


def test_what_speaks_against_it_is_a_blocker() -> None:
    finding = Finding(severity=Severity.BLOCKER, code="X", subject="old", message="used")

    assert plan_unmaking(IDS, FOUND, findings=[finding]).blockers == ("used",)


def test_a_plan_is_one_json_document() -> None:
    document = render_unmaking(plan_unmaking(IDS, FOUND))

    assert document["name"] == "shop"
    assert document["removals"][0]["fate"] == "remove"  # type: ignore[index,call-overload]  # a document
