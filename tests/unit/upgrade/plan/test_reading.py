import pytest

from bascule.errors import JournalError, PlanError
from bascule.routing.arrangement import Arrangement, Mirror
from bascule.routing.weights import Split, Weights
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.plan.reading import (
    check_steps,
    green_share,
    read_arrangements,
    read_holds,
    read_weights,
)
from bascule.upgrade.run.stages import Stage
from tests.support.orders import BLUE
from tests.support.plans import approval, arrange, build_plan, build_step, hold, weights

MIRRORED = Arrangement(mirror=Mirror(share_bp=1_000))
STEPS = (
    arrange("mirror-on", Stage.VERIFY, MIRRORED),
    hold("verify", Stage.VERIFY, 30),
    arrange("mirror-off", Stage.VERIFY, Arrangement()),
    approval("verify", Stage.VERIFY),
    hold("quiet", Stage.VERIFY, 5),
    weights(25),
    hold("shift-25-hold", Stage.SHIFT, 60),
)


def test_the_share_of_green_is_the_largest_of_any_host() -> None:
    assert green_share(Split(Weights(10_000), {"a.test": Weights(7_000)})) == 3_000


def test_weights_are_read_in_order() -> None:
    assert [found.green_bp for found in read_weights(build_plan(STEPS))] == [2_500]


def test_each_hold_knows_what_green_gets_meanwhile() -> None:
    found = list(read_holds(build_plan(STEPS), BLUE))

    assert [(hold.step.key, hold.hold_s, hold.share_bp) for hold in found] == [
        ("verify", 30, 1_000),
        ("quiet", 5, 0),
        ("shift-25-hold", 60, 2_500),
    ]


def test_arrangements_are_read_with_their_steps() -> None:
    found = [(step.key, wanted) for step, wanted in read_arrangements(build_plan(STEPS))]

    assert found == [("mirror-on", MIRRORED), ("mirror-off", Arrangement())]


def test_a_hold_without_gates_cannot_be_read() -> None:
    steps = (hold("bake", Stage.BAKE, 1),)
    broken = build_plan([type(s)(key=s.key, stage=s.stage, kind=s.kind) for s in steps])

    with pytest.raises(JournalError):
        list(read_holds(broken, BLUE))


def test_a_plan_that_the_planner_makes_can_be_carried_out() -> None:
    check_steps(build_plan())


@pytest.mark.parametrize(
    "step",
    [
        build_step("s", Stage.SHIFT, StepKind.SET_WEIGHTS),
        build_step(
            "s",
            Stage.SHIFT,
            StepKind.SET_WEIGHTS,
            split={"default": {"blue_bp": -1, "green_bp": 10_001}, "by_host": {}},
        ),
        build_step("s", Stage.VERIFY, StepKind.ARRANGE, arrangement=[]),
        build_step("s", Stage.BAKE, StepKind.HOLD, hold_s=1.0, gates={"alpha": 2}),
        build_step("s", Stage.BAKE, StepKind.HOLD, hold_s=1e12, gates={}),
        build_step("s", Stage.BAKE, StepKind.HOLD, hold_s=-1.0, gates={}),
        build_step("s", Stage.BAKE, StepKind.HOOK, run=[]),
        build_step("s", Stage.BAKE, StepKind.HOOK, run="rm -r"),
        build_step("s", Stage.BAKE, StepKind.HOOK, run=["do"], timeout_s="long"),
        build_step("s", Stage.PROVISION, StepKind.AWAIT_CLUSTER, cluster="red"),
        build_step("s", Stage.SYNC, StepKind.AWAIT_ROUTES),
        build_step("s", Stage.BAKE, StepKind.PROVE_IDLE, cluster="blue", quiet_s=float("nan")),
        build_step("s", Stage.RETIRE, StepKind.RETIRE, cluster=None),
        build_step("s", Stage.PROVISION, StepKind.MAKE_CLUSTER),
    ],
)
def test_a_step_that_could_not_be_carried_out_is_found_beforehand(step: Step) -> None:
    with pytest.raises((JournalError, PlanError)):
        check_steps(build_plan([weights(5), step]))


def test_two_steps_of_one_key_are_no_plan() -> None:
    with pytest.raises(JournalError, match="two steps shift-5"):
        check_steps(build_plan([weights(5), weights(5)]))
