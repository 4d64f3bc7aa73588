import json
from dataclasses import replace

from bascule.azure.resource_id import ResourceId
from bascule.checks.findings import Finding, Severity
from bascule.platform.desired.model import Kind, Later, Resource
from bascule.platform.green.model import Difference, Treatment
from bascule.platform.plan.diff import FieldChange
from bascule.platform.plan.gathering import build_desired
from bascule.platform.plan.model import (
    Action,
    Op,
    PlatformPlan,
    render_platform_plan,
    to_json,
)
from bascule.platform.plan.planner import Existing, plan_platform
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

GROUP = Resource(
    kind=Kind.GROUP, id=ResourceId("/subscriptions/s/resourceGroups/g"), document={"a": 1}
)
PLAN = PlatformPlan(
    name="shop",
    cloud="AzureCloud",
    subscription="s",
    location="here",
    actions=(Action(op=Op.CREATE, resource=GROUP),),
)


def test_a_plan_is_one_json_document() -> None:
    ids = read_ids(SMALL + GREEN + CONTROLLER)
    plan = plan_platform(ids, build_desired(ids, None), Existing(), cloud="AzureCloud")

    document = json.loads(json.dumps(render_platform_plan(plan)))

    assert document["digest"] == plan.digest
    assert document["actions"][0]["op"] == "create"
    assert document["differences"][0]["field"] == "name"
    assert document["running"][1]["cluster"] == "new"


def test_the_digest_is_that_of_what_would_be_done() -> None:
    left = Action(op=Op.LEAVE, resource=GROUP)

    assert replace(PLAN, actions=(*PLAN.actions, left)).digest == PLAN.digest
    assert replace(PLAN, actions=()).digest != PLAN.digest
    changed = replace(GROUP, document={"a": 2})
    assert replace(PLAN, actions=(Action(op=Op.CREATE, resource=changed),)).digest != PLAN.digest


def test_a_plan_that_only_leaves_is_empty() -> None:
    assert not PLAN.is_empty
    assert replace(PLAN, actions=(Action(op=Op.LEAVE, resource=GROUP),)).is_empty


def test_a_change_is_shown_with_both_values() -> None:
    change = FieldChange(field="x", before=None, after=["y"])
    difference = Difference(field="z", blue=1, green=None, treatment=Treatment.DECIDED, reason="so")

    document = render_platform_plan(
        replace(
            PLAN,
            actions=(Action(op=Op.CHANGE, resource=GROUP, changes=(change,)),),
            differences=(difference,),
        )
    )

    assert document["actions"][0]["changes"] == [  # type: ignore[index,call-overload]  # a document
        {"field": "x", "before": None, "after": ["y"], "refusal": ""}
    ]
    assert document["actions"][0]["document"] is None  # type: ignore[index,call-overload]  # a document


def test_values_become_json() -> None:
    later = Later(of=GROUP.id, path=("x",), what="the x of g")

    assert to_json({"a": (later, 1.5, None, True), "b": GROUP.id}) == {
        "a": [{"later": "the x of g"}, 1.5, None, True],
        "b": "/subscriptions/s/resourceGroups/g",
    }


def test_what_is_refused_and_what_was_found_stand_against_a_plan() -> None:
    refused = Action(op=Op.REFUSE, resource=GROUP, reason="it is elsewhere")
    finding = Finding(severity=Severity.BLOCKER, code="X", subject="g", message="no")
    warning = replace(finding, severity=Severity.WARNING)

    plan = replace(PLAN, actions=(refused,), findings=(finding, warning))

    assert plan.blockers == ("no", "resource group g: it is elsewhere")
    assert plan.count(Op.REFUSE) == 1
