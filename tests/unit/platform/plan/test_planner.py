from typing import Any

from bascule.azure.document import with_value
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import Kind
from bascule.platform.green.model import BlueFacts
from bascule.platform.plan.gathering import build_desired
from bascule.platform.plan.model import Action, Op, PlatformPlan
from bascule.platform.plan.planner import Existing, plan_platform
from bascule.spec.azure.prices import Prices
from tests.support.blue_cluster import build_blue_document
from tests.support.platforms import CONTROLLER, COUNTED, GREEN, SMALL, read_ids

BLUE = build_blue_document(
    properties__securityProfile={"workloadIdentity": {"enabled": True}},
    properties__autoUpgradeProfile={"upgradeChannel": "none"},
)


def _plan(text: str = SMALL, prices: Prices | None = None, **documents: Any) -> PlatformPlan:
    """Plan with these documents, by the names `group`, `blue`, `green`, ..."""
    ids = read_ids(text)
    blue = documents.get("blue")
    facts = None if blue is None else BlueFacts(cluster=blue)
    existing = Existing(
        documents={_key(ids, name): document for name, document in documents.items()}, blue=facts
    )
    survivor = documents.get("green") if blue is None else None
    desired = build_desired(ids, facts, survivor=survivor)
    return plan_platform(ids, desired, existing, cloud="AzureCloud", prices=prices)


def _key(ids: Ids, name: str) -> str:
    known = {
        "group": ids.group,
        "network": ids.network,
        "gateway": ids.gateway,
        "blue": ids.cluster("old"),
        "green": ids.cluster("new"),
    }
    return known[name].key


def _action(plan: PlatformPlan, name: str) -> Action:
    (found,) = (action for action in plan.actions if action.resource.name == name)
    return found


def test_everything_is_created_where_nothing_is() -> None:
    plan = _plan()

    assert plan.count(Op.CREATE) == 6
    assert plan.count(Op.WITH) == 3
    assert plan.blockers == ()
    assert plan.estimate_s == 353.0


def test_what_azure_tells_later_is_named() -> None:
    action = _action(_plan(), "role assignment Network Contributor on nodes for old")

    assert action.waits_for == ("the principal of old",)


def test_what_is_as_wanted_is_left() -> None:
    plan = _plan(group={"location": "chinanorth2"})

    assert _action(plan, "resource group rg").op is Op.LEAVE


def test_a_subnet_that_is_missing_is_created_by_itself() -> None:
    network = {
        "location": "chinanorth2",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}},
    }

    assert _action(_plan(network=network), "subnet nodes").op is Op.CREATE


def test_what_is_being_done_is_left_and_said() -> None:
    plan = _plan(group={"properties": {"provisioningState": "Deleting"}})

    action = _action(plan, "resource group rg")
    assert action.op is Op.LEAVE
    assert action.reason == "something is being done to it: Deleting"


def test_what_differs_is_changed() -> None:
    size = {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 5}
    gateway = {"location": "chinanorth2", "properties": {"sku": size}}

    action = _action(_plan(COUNTED, gateway=gateway), "gateway gw")

    assert action.op is Op.CHANGE
    assert [(c.field, c.before, c.after) for c in action.changes] == [("sku.capacity", 5, 2)]
    assert action.estimate_s == 8.0


def test_what_cannot_be_is_refused() -> None:
    plan = _plan(group={"location": "westeurope"})

    action = _action(plan, "resource group rg")
    assert action.op is Op.REFUSE
    assert plan.blockers[0].startswith("resource group rg: location is 'westeurope'")


def test_blue_is_not_made_again_behind_green() -> None:
    plan = _plan(SMALL + GREEN, green=build_blue_document(name="new"))

    (finding,) = plan.findings
    assert (finding.code, finding.subject) == ("BlueRetired", "cluster old")
    assert not [a.resource.name for a in plan.actions if "old" in a.resource.name]


def test_what_is_left_of_a_blue_that_is_gone_is_told() -> None:
    ids = read_ids(SMALL + GREEN)
    green = build_blue_document(name="new")
    desired = build_desired(ids, None, survivor=green)
    left = tuple(each for each in desired.retired if each.kind is Kind.ASSIGNMENT)
    existing = Existing(documents={ids.cluster("new").key: green}, left=left)

    plan = plan_platform(ids, desired, existing, cloud="AzureCloud")

    found = plan.findings[-1]
    assert found.code == "LeftOfBlue"
    assert found.subject == "role assignment Network Contributor on nodes for old"
    assert found.remedy.startswith("remove it by hand: az role assignment delete --ids /sub")


def test_what_lies_in_a_resource_that_is_refused_is_not_made() -> None:
    plan = _plan(blue={"location": "westeurope"})

    assert _action(plan, "cluster old").op is Op.REFUSE
    pool = _action(plan, "node pool nodepool1 of old")
    assert (pool.op, pool.reason) == (Op.LEAVE, "node pool of a cluster that is refused")


def test_differences_are_told_while_green_is_not_there() -> None:
    assert _plan(SMALL + GREEN, blue=BLUE).differences
    assert _plan(SMALL + GREEN, blue=BLUE, green=build_blue_document()).differences == ()


def test_what_stands_against_green_stands_against_the_plan() -> None:
    text = SMALL + GREEN.replace("acknowledged: true", "acknowledged: false")

    plan = _plan(text, blue=BLUE)

    assert [finding.code for finding in plan.findings] == ["EgressNotAcknowledged"]
    assert plan.blockers == (plan.findings[0].message,)


def test_both_clusters_are_priced() -> None:
    plan = _plan(SMALL + GREEN + CONTROLLER, Prices(machines={"Standard_D2s_v5": 1.0}), blue=BLUE)

    assert [(each.cluster, each.per_day) for each in plan.running] == [("old", 72.0), ("new", 72.0)]


def test_drift_of_blue_is_shown() -> None:
    drifted = with_value(BLUE, ("sku", "tier"), "Premium")

    action = _action(_plan(f"{SMALL}    tier: Free\n", blue=drifted), "cluster old")

    assert [change.field for change in action.changes] == ["sku.tier"]
