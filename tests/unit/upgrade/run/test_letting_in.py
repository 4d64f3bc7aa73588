import pytest

from bascule.checks.findings import Finding, Severity
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.plan.model import Plan, StepKind
from bascule.upgrade.run.letting_in import find_shut
from bascule.upgrade.run.stages import Stage
from tests.support.fake_run import FakeChecks
from tests.support.plans import build_plan, build_step, weights

SHUT = Finding(
    severity=Severity.BLOCKER, code="OverlayNotExtended", subject="green", message="apply it"
)
OTHER = Finding(severity=Severity.BLOCKER, code="AgicInside", subject="green", message="is back")


def making(**platform: Json) -> Plan:
    made = build_step(
        "make-green", Stage.PROVISION, StepKind.MAKE_CLUSTER, cluster="green", platform=platform
    )
    return build_plan((made, weights(5)))


OVERLAY = making(extension=["10.240.0.0/24"])


@pytest.mark.parametrize(
    ("plan", "cluster", "shut"),
    [
        (OVERLAY, Cluster.GREEN, "green: apply it"),
        (OVERLAY, Cluster.BLUE, ""),
        (making(), Cluster.GREEN, ""),
        (build_plan((weights(5),)), Cluster.GREEN, ""),
    ],
    ids=["made", "another", "no overlay", "not made"],
)
async def test_only_an_overlay_that_the_plan_makes_is_waited_for(
    plan: Plan, cluster: Cluster, shut: str
) -> None:
    assert await find_shut(plan, cluster, FakeChecks((SHUT, OTHER))) == shut


async def test_one_that_lets_the_gateway_in_is_waited_for_no_more() -> None:
    assert await find_shut(OVERLAY, Cluster.GREEN, FakeChecks((OTHER,))) == ""
