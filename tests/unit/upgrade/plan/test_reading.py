import pytest

from bascule.errors import JournalError
from bascule.routing.arrangement import Arrangement, Mirror
from bascule.routing.weights import Split, Weights
from bascule.upgrade.plan.reading import (
    green_share,
    read_arrangements,
    read_holds,
    read_weights,
)
from bascule.upgrade.run.stages import Stage
from tests.support.orders import BLUE
from tests.support.plans import approval, arrange, build_plan, hold, weights

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
