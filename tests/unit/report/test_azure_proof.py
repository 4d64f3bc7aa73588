from bascule.report.azure_proof import LAB_ONLY, list_unproven
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.run.stages import Stage
from tests.support.made_up_upgrades import step

MAKE = step("make-green", Stage.PROVISION, StepKind.MAKE_CLUSTER)
CHECK = step("preflight", Stage.PREFLIGHT, StepKind.CHECK)


def plan_of(*steps: Step) -> Plan:
    return Plan(name="up", gateway="shop", steps=steps)


def test_a_plan_that_makes_a_cluster_says_that_it_is_proven_in_the_lab_only() -> None:
    assert list_unproven(plan_of(CHECK, MAKE), is_proven=False) == (LAB_ONLY,)


def test_a_plan_without_a_platform_says_nothing() -> None:
    assert list_unproven(plan_of(CHECK), is_proven=False) == ()


def test_once_it_is_proven_nothing_is_said() -> None:
    assert list_unproven(plan_of(CHECK, MAKE), is_proven=True) == ()
