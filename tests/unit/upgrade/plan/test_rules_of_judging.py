from collections.abc import Iterator
from dataclasses import replace

import pytest

from bascule.checks.findings import Finding
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from bascule.upgrade.encoding import render_split
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.plan.gating import NO_GATES
from bascule.upgrade.plan.rules_of_judging import (
    lint_alarms,
    lint_comparison,
    lint_gates,
    lint_requests,
)
from bascule.upgrade.run.stages import Stage
from tests.support.planning import KNOWN
from tests.support.plans import build_plan, by_host, hold, set_split, weights

BLIND = Gates(hung_after_s=None)
ABSOLUTE = Gates(success_min=0.99, requests_min=100, wait_max_s=3_600.0, alpha=0.01)
RELATIVE = Gates(below_blue_max=0.01)


def codes(found: Iterator[Finding]) -> list[str]:
    return [finding.code for finding in found]


def test_holds_that_judge_nothing_are_named_apart() -> None:
    plan = build_plan(
        [
            hold("verify", Stage.VERIFY, 30, NO_GATES),
            weights(5),
            hold("shift-5-hold", Stage.SHIFT, 30, RELATIVE),
            weights(100),
            hold("shift-100-hold", Stage.SHIFT, 30, BLIND),
            hold("bake", Stage.BAKE, 30, BLIND),
            hold("retire-hold", Stage.BAKE, 30, NO_GATES),
        ]
    )

    alone, early = lint_gates(plan, KNOWN)

    assert alone.message.startswith("nothing is judged in shift-100-hold, bake: green has every")
    assert early.message == "nothing is judged in verify: silence is success there"


def test_holds_that_judge_something_are_fine() -> None:
    plan = build_plan([weights(100), hold("bake", Stage.BAKE, 30, ABSOLUTE)])

    assert codes(lint_gates(plan, KNOWN)) == []


@pytest.mark.parametrize(
    ("requests_per_s", "said"),
    [
        (2.0, "of 2 a second it gets 5 %, that takes 16m40s, and it holds for 1m; after 1h more"),
        (0.0, "of 0 a second it gets 5 %, that is never, and it holds for 1m"),
    ],
    ids=["few", "none"],
)
def test_too_few_requests_are_told_with_the_arithmetic(requests_per_s: float, said: str) -> None:
    plan = build_plan([weights(5), hold("shift-5-hold", Stage.SHIFT, 60, ABSOLUTE)])

    (found,) = lint_requests(plan, replace(KNOWN, requests_per_s=requests_per_s))

    assert said in found.message


def test_of_single_hosts_only_the_most_that_they_can_get_is_told() -> None:
    steps = [set_split("shift-hosts-1", by_host("a.test")), hold("h", Stage.SHIFT, 1, ABSOLUTE)]

    (found,) = lint_requests(build_plan(steps), replace(KNOWN, requests_per_s=2.0))

    assert "of 2 a second it gets at most 100 %" in found.message


@pytest.mark.parametrize("requests_per_s", [None, 1_000.0], ids=["not known", "many"])
def test_enough_requests_are_not_mentioned(requests_per_s: float | None) -> None:
    plan = build_plan([weights(5), hold("shift-5-hold", Stage.SHIFT, 60, ABSOLUTE)])

    assert codes(lint_requests(plan, replace(KNOWN, requests_per_s=requests_per_s))) == []


def test_hosts_that_stay_make_the_comparison_unlike() -> None:
    split = Split(Weights(9_500), {"a.test": Weights.all_to(Cluster.BLUE)})
    partial = replace(weights(5), args={"split": render_split(split)})
    plan = build_plan([partial, hold("shift-5-hold", Stage.SHIFT, 60, RELATIVE)])

    assert codes(lint_comparison(plan, KNOWN)) == ["MixedComparison"]
    assert codes(lint_comparison(build_plan([weights(5), *plan.steps[1:]]), KNOWN)) == []


def test_more_false_alarms_than_a_spec_may_ask_for_are_told() -> None:
    many = [hold(f"h{n}", Stage.SHIFT, 1, replace(ABSOLUTE, alpha=0.02)) for n in range(4)]

    (found,) = lint_alarms(build_plan(many), KNOWN)

    assert "8% may be rolled back by mistake" in found.message
    assert codes(lint_alarms(build_plan(many[:2]), KNOWN)) == []
