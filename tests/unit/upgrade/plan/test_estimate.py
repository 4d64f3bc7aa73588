from bascule.upgrade.plan.estimate import Estimate, estimate_plan
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.run.stages import Stage


def test_known_times_are_added_and_the_others_named() -> None:
    steps = tuple(
        Step(key=key, stage=Stage.SHIFT, kind=StepKind.HOLD, estimate_s=seconds)
        for key, seconds in (("a", 1.0), ("b", None), ("c", 2.5))
    )

    found = estimate_plan(Plan(name="up", gateway="shop", steps=steps))

    assert found == Estimate(known_s=3.5, unknown=("b",))
