from bascule.azure.document import Document
from bascule.platform.green.model import BlueFacts
from bascule.platform.plan.encoding import parse_resource
from bascule.platform.plan.gathering import build_desired
from bascule.platform.plan.model import PlatformPlan
from bascule.platform.plan.planner import Existing, plan_platform
from bascule.platform.plan.staging import check_ready, plan_stages
from tests.support.blue_cluster import build_blue_document
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids


def _plan(text: str, **documents: Document) -> PlatformPlan:
    ids = read_ids(text)
    blue = documents.get("old")
    facts = None if blue is None else BlueFacts(cluster=blue)
    known = {ids.cluster(name).key: document for name, document in documents.items()}
    survivor = documents.get("new") if blue is None else None
    desired = build_desired(ids, facts, survivor=survivor)
    return plan_platform(ids, desired, Existing(documents=known), cloud="AzureCloud")


def test_green_and_what_is_made_for_it_are_one_step() -> None:
    text = SMALL + GREEN + CONTROLLER
    blue = build_blue_document(
        properties__autoUpgradeProfile={"upgradeChannel": "stable"},
        properties__securityProfile={"workloadIdentity": {"enabled": True}},
    )

    facts = plan_stages(read_ids(text), _plan(text, old=blue))

    resources = facts.make["resources"]
    assert isinstance(resources, list)
    assert [parse_resource(each).name for each in resources] == [
        "cluster old",
        "cluster new",
        "role assignment Network Contributor on nodes for new",
        "federated credential new-bascule-bascule",
        "role assignment Azure Kubernetes Service Cluster User Role on new for bascule-controller",
    ]
    assert str(facts.make["cluster"]).endswith("/managedClusters/new")
    assert facts.make_title.startswith("green (new) is made in the likeness of blue, which differs")
    assert facts.make["resumes"] == facts.remove["cluster"] == str(read_ids().cluster("old"))
    assert facts.remove["resumes"] == facts.make["cluster"]
    grants = facts.remove["grants"]
    assert isinstance(grants, list)
    assert [str(each).split("/providers/")[1].split("/")[-1] for each in grants] == [
        "nodes",
        "old-bascule-bascule",
        "old",
    ]
    assert (facts.stop_s, facts.start_s, facts.remove_s) == (105.0, 252.0, 187.0)


def test_a_platform_without_green_makes_nothing() -> None:
    facts = plan_stages(read_ids(), _plan(SMALL))

    assert facts.make == {}
    assert facts.make_title == ""


def test_what_is_not_greens_is_made_before() -> None:
    text = SMALL + GREEN

    (finding,) = check_ready(read_ids(text), _plan(text))

    assert finding.code == "PlatformNotApplied"
    assert "resource group rg" in finding.message
    assert check_ready(read_ids(), _plan(SMALL))


def test_a_platform_that_only_lacks_green_is_ready() -> None:
    ids = read_ids(SMALL + GREEN)
    plan = _plan(SMALL + GREEN)
    cluster = ids.cluster("new")
    own = tuple(
        action
        for action in plan.actions
        if cluster.contains(action.resource.id) or cluster in action.resource.needs
    )

    ready = PlatformPlan(
        name="shop", cloud="AzureCloud", subscription="s", location="here", actions=own
    )

    assert check_ready(ids, ready) == ()
    assert plan_stages(ids, ready).make_title.endswith("in the likeness of blue")


def test_a_platform_whose_blue_is_gone_is_no_platform_for_an_upgrade() -> None:
    text = SMALL + GREEN

    (finding,) = check_ready(read_ids(text), _plan(text, new=build_blue_document(name="new")))

    assert finding.code == "PlatformRetired"
    assert finding.message == "its blue, old, is gone: there is nothing to move from"
