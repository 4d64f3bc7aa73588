from dataclasses import replace

from bascule.azure.resource_id import ResourceId
from bascule.checks.findings import Finding, Severity
from bascule.cli.platform.text import (
    render_plan_lines,
    render_progress,
    render_unmaking_lines,
)
from bascule.platform.desired.model import Kind, Resource
from bascule.platform.green.model import Difference, Treatment
from bascule.platform.plan.cost import Running
from bascule.platform.plan.diff import FieldChange
from bascule.platform.plan.model import Action, Op, PlatformPlan
from bascule.platform.plan.unmaking import Fate, Removal, UnmakingPlan
from bascule.platform.ports import Progress
from bascule.report.azure_proof import IS_PROVEN_ON_AZURE, LAB_ONLY

GROUP = ResourceId("/subscriptions/s/resourceGroups/g")
GATEWAY = Resource(kind=Kind.GATEWAY, id=GROUP.child("Microsoft.Network/x", "gw"), document={})
PLAN = PlatformPlan(name="shop", cloud="AzureCloud", subscription="s", location="here", actions=())
CHANGE = FieldChange(field="sku.capacity", before=5, after=2)


def test_each_action_has_its_sign_and_its_reasons() -> None:
    actions = (
        Action(op=Op.CREATE, resource=GATEWAY, reason="takes the traffic", estimate_s=342.0),
        Action(op=Op.WITH, resource=GATEWAY, waits_for=("the principal of old",)),
        Action(op=Op.CHANGE, resource=GATEWAY, changes=(CHANGE,)),
        Action(op=Op.REFUSE, resource=GATEWAY, reason="it is elsewhere", remedy="move it"),
        Action(op=Op.LEAVE, resource=GATEWAY, reason="something is being done to it: Updating"),
    )

    lines = render_plan_lines(replace(PLAN, actions=actions, estimate_s=342.0))

    assert lines[2:13] == [
        "  + gateway gw  (about 5m42s)",
        "      because: takes the traffic",
        "  + gateway gw, with its parent",
        "      known later: the principal of old",
        "  ~ gateway gw",
        "      sku.capacity: 5 -> 2",
        "  ! gateway gw",
        "      refused: it is elsewhere",
        "      what to do: move it",
        "",
        "  = 1 as the file says: gateway gw",
    ]
    assert "      gateway gw: something is being done to it: Updating" in lines
    assert "2 to create, 1 to change, 1 left alone, 1 refused" in lines
    assert (LAB_ONLY in lines) == (not IS_PROVEN_ON_AZURE)


def test_a_plan_with_nothing_to_do_says_so() -> None:
    assert render_plan_lines(PLAN)[-1] == "nothing to do: everything is as the file says"


def test_differences_of_green_are_a_table() -> None:
    difference = Difference(
        field="version", blue="1.34.2", green=None, treatment=Treatment.CHANGED, reason="so"
    )

    lines = render_plan_lines(replace(PLAN, differences=(difference,)))

    assert lines[2] == "green is made in the likeness of blue, and differs in:"
    assert lines[4].split() == ["changed", "version", "1.34.2", "-", "so"]


def test_what_both_cost_is_shown_only_with_prices() -> None:
    blue = Running(cluster="old", machines=(("A", 3),), tier="Free")
    priced = replace(blue, per_day=10.0, currency="CNY")

    assert "old runs on 3 x A, tier Free" in render_plan_lines(replace(PLAN, running=(blue,)))
    lines = render_plan_lines(replace(PLAN, running=(priced, replace(priced, cluster="new"))))
    assert "old runs on 3 x A, tier Free: 10.00 CNY a day" in lines
    assert "both together: 20.00 CNY a day" in lines
    unpriced = replace(blue, unpriced=("A",))
    assert "old runs on 3 x A, tier Free: no price for A" in render_plan_lines(
        replace(PLAN, running=(unpriced,))
    )


def test_findings_and_long_values_are_shown_in_part() -> None:
    finding = Finding(severity=Severity.BLOCKER, code="X", subject="new", message="it is lower")
    change = FieldChange(field="tags", before=None, after={"a": "b" * 200})
    action = Action(op=Op.CHANGE, resource=GATEWAY, changes=(change,))

    lines = render_plan_lines(replace(PLAN, findings=(finding,), actions=(action,)))

    assert any(line.startswith("  BLOCKER  it is lower") for line in lines)
    assert max(len(line) for line in lines) < 110


def test_what_would_be_removed_is_shown_with_what_stays() -> None:
    cluster = Removal(
        id=GROUP.child("M.C/managedClusters", "old"),
        kind=Kind.CLUSTER,
        fate=Fate.REMOVE,
        is_stopped_first=True,
        estimate_s=292.0,
    )
    kept = replace(cluster, fate=Fate.KEEP, reason="not ours", estimate_s=None)
    refused = replace(kept, fate=Fate.REFUSE, reason="it serves", remedy="take it away")
    finding = Finding(severity=Severity.INFO, code="X", subject="old", message="goes with it")

    lines = render_unmaking_lines(
        UnmakingPlan(name="shop", removals=(cluster, kept, refused), findings=(finding,))
    )

    assert "  - cluster old, stopped first  (about 4m52s)" in lines
    assert "      what to do: take it away" in lines
    assert lines[-1] == "1 to remove, 2 that stay"


def test_progress_is_one_line() -> None:
    progress = Progress(resource="gateway gw", what="creating", detail="InProgress")

    assert render_progress(progress) == "creating    gateway gw (InProgress)"
    assert render_progress(replace(progress, detail="")) == "creating    gateway gw"
