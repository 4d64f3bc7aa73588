from dataclasses import replace

import pytest

from bascule.upgrade.gates.encoding import parse_gates
from bascule.upgrade.gates.judge import split_alpha
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.plan.gating import NO_GATES
from bascule.upgrade.plan.holding import (
    Hold,
    Judging,
    plan_approval,
    plan_hold,
    plan_judging,
    render_share,
)
from bascule.upgrade.run.stages import Stage
from tests.support.planning import KNOWN
from tests.support.specs import read_upgrade

GATES = Gates(success_min=0.99, below_blue_max=0.01, requests_min=100, wait_max_s=600.0)
ALONE = replace(GATES, below_blue_max=None)
STEPS = "steps: [{weight: 5}, {weight: 100}]\n"


def hold(share_bp: int) -> Hold:
    return Hold(
        key="shift-5-hold",
        stage=Stage.SHIFT,
        hold_s=60.0,
        share_bp=share_bp,
        title="judged",
        reason="to see",
    )


@pytest.mark.parametrize(
    ("more", "holds"),
    [("", 3), ("mirror: {percent: 10}\n", 4), ("bake: {hold: 0s}\n", 2)],
    ids=["shift and bake", "mirror", "no bake"],
)
def test_all_holds_share_the_false_alarms(more: str, holds: int) -> None:
    judging = plan_judging(read_upgrade(STEPS + more), KNOWN)

    assert judging.gates.alpha == pytest.approx(split_alpha(0.01, holds))


@pytest.mark.parametrize(
    ("share_bp", "kept", "said"),
    [
        (0, NO_GATES, "no user's request reaches green yet"),
        (500, GATES, "to see"),
        (10_000, ALONE, "nothing is left on blue to compare it with"),
    ],
    ids=["nothing", "some", "everything"],
)
def test_gates_fit_what_green_gets(share_bp: int, kept: Gates, said: str) -> None:
    step = plan_hold(hold(share_bp), Judging(gates=GATES, requests_per_s=None))

    gates = parse_gates(step.args["gates"])
    assert gates.has_traffic is kept.has_traffic
    assert (gates.success_min, gates.below_blue_max) == (kept.success_min, kept.below_blue_max)
    assert said in step.reason


@pytest.mark.parametrize(
    ("requests_per_s", "estimate_s"),
    [(None, 60.0), (0.0, 60.0), (1_000.0, 60.0), (20.0, 100.0), (0.001, 660.0)],
    ids=["not known", "none", "many", "few", "next to none"],
)
def test_a_hold_takes_until_enough_requests_were_seen(
    requests_per_s: float | None, estimate_s: float
) -> None:
    step = plan_hold(hold(500), Judging(gates=GATES, requests_per_s=requests_per_s))

    assert step.estimate_s == estimate_s


def test_of_whole_hosts_neither_blue_nor_the_rate_is_a_measure() -> None:
    judging = Judging(gates=GATES, requests_per_s=0.001)

    step = plan_hold(replace(hold(10_000), is_by_host=True), judging)

    gates = parse_gates(step.args["gates"])
    assert (gates.requests_min, gates.below_blue_max) == (100, None)
    assert step.reason.endswith(
        "; blue serves other hosts meanwhile, which are no measure of these"
    )
    assert step.estimate_s == 60.0


def test_the_rate_is_that_of_the_gateway() -> None:
    facts = replace(KNOWN, requests_per_s=7.0)

    assert plan_judging(read_upgrade(), facts).requests_per_s == 7.0


def test_an_approval_is_named_by_its_gate() -> None:
    step = plan_approval("retire", Stage.BAKE, reason="the last word", typed="old")

    assert step.key == "retire-approval"
    assert step.args == {"gate": "retire", "typed": "old"}
    assert step.estimate_s is None


def test_a_share_is_told_as_people_say_it() -> None:
    assert render_share(10_000) == "all requests"
    assert render_share(50) == "0.5 % of the requests"
