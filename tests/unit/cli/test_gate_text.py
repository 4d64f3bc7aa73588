import pytest

from bascule.cli.gate_text import render_gates_text
from bascule.upgrade.gates.model import Check, CheckType, Gates, LatencyRule
from bascule.upgrade.plan.gating import NO_GATES

SMOKE = Check(name="smoke", type=CheckType.COMMAND)


@pytest.mark.parametrize(
    ("gates", "lines"),
    [
        (NO_GATES, ("nothing is judged",)),
        (Gates(hung_after_s=None), ("at least 100 requests on green",)),
        (
            Gates(requests_min=0, success_min=0.995, hung_after_s=None),
            ("success at least 99.5 %",),
        ),
        (
            Gates(
                below_blue_max=0.002,
                latency=(LatencyRule(percentile=99, max_ms=500.0, over_blue_max_ms=30.0),),
                checks=(SMOKE,),
            ),
            (
                "at least 100 requests on green",
                "success at most 0.2 points below blue's",
                "p99 at most 500 ms",
                "p99 at most 30 ms over blue's",
                "not more requests that take over 10 s than on blue",
                "check smoke (command)",
            ),
        ),
        (Gates(has_traffic=False, checks=(SMOKE,)), ("check smoke (command)",)),
    ],
    ids=["nothing", "requests", "success", "everything", "checks"],
)
def test_gates_are_told_in_words(gates: Gates, lines: tuple[str, ...]) -> None:
    assert render_gates_text(gates) == lines
