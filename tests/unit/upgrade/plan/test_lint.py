from bascule.checks.findings import Severity
from bascule.upgrade.plan import lint
from bascule.upgrade.plan.lint import RULES, lint_plan
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.plan.planner import plan_upgrade
from bascule.upgrade.run.stages import Stage
from tests.support.planning import KNOWN, lint_codes
from tests.support.plans import build_plan, weights
from tests.support.specs import read_upgrade


def test_all_rules_are_in_the_list() -> None:
    known = {name for name in dir(lint) if name.startswith("lint_")} - {"lint_plan"}

    assert {rule.__name__ for rule in RULES} == known


def test_a_careful_upgrade_has_nothing_to_be_said_of() -> None:
    assert lint_codes(plan_upgrade(read_upgrade(), KNOWN)) == []


def test_an_upgrade_with_nothing_but_blue_to_judge_by_is_told_that_it_ends_blind() -> None:
    spec = read_upgrade("analysis: {successRate: {min: null}}\n")

    assert lint_codes(plan_upgrade(spec, KNOWN)) == ["HoldWithoutGate"]


def test_the_worst_comes_first() -> None:
    found = lint_plan(build_plan([weights(1), weights(100), weights(100)]), KNOWN)

    assert [f.severity for f in found] == [Severity.BLOCKER, Severity.WARNING]


def test_a_plan_that_cannot_be_read_is_a_blocker() -> None:
    broken = Step(key="shift-5", stage=Stage.SHIFT, kind=StepKind.SET_WEIGHTS)

    assert lint_codes(build_plan([broken])) == ["PlanUnreadable"]
