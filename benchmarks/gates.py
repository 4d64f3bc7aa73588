"""(h) How often gates raise a false alarm, and how many requests a regression needs to be seen.

Traffic is made up from seeds (tests/support/gate_traffic.py): the gates are the product's own.
"""

import math
import random
from dataclasses import dataclass, replace

from bascule.upgrade.gates.model import Gates
from benchmarks.figures import Section, Target, median, percentile, write_section
from tests.support.gate_traffic import Behaviour, Course, Shape, World, run_upgrade, usual_gates

HEALTHY_RUNS = 2_000
ODD_RUNS = 300
PLANTED_RUNS = 100
LOOK_S = 5.0
LOOKS_MAX = 800
ALARMS_SHARE_MAX = 0.01
CAUGHT_SHARE_MIN = 0.95

NOTE = (
    "200 requests a second unless it says otherwise, looked at every 5 s; blue fails 0.2 % of "
    "requests (0.1 to 0.5 % where green is like it) and takes 25 ms, p99 71 ms. Rules: at least "
    "98 % succeed, at most 0.2 points below blue, p50 and p99 at most 30 ms over blue's; 1 % of "
    "false alarms for the whole upgrade. Failures that come several at once break the assumption "
    "that requests fail for themselves."
)


def drift(at_s: float) -> float:
    """Latency that rises and falls by 30 % in both clusters together."""
    return 1 + 0.3 * math.sin(at_s / 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """Upgrades to a green that is just like blue, whose alarms are all false."""

    text: str
    shape: Shape
    runs: int = ODD_RUNS
    clump: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """Upgrades to a green with a regression, held at one share until it is seen."""

    text: str
    green: Behaviour


HEALTHY = (
    Healthy(text="like blue, latency drifts", shape=Shape(slowness=drift), runs=HEALTHY_RUNS),
    Healthy(
        text="like blue, bursts of load (40 to 1,000 a second)",
        shape=Shape(rate_rps=lambda at_s: 1_000 if at_s % 60 < 10 else 40),
    ),
    Healthy(
        text="like blue, both fail 20 times as often now and then",
        shape=Shape(trouble=lambda at_s: 20 if at_s % 70 < 10 else 1),
    ),
    Healthy(
        text="like blue, both 3 times slower now and then",
        shape=Shape(slowness=lambda at_s: 3 if at_s % 50 < 10 else 1),
    ),
    Healthy(text="like blue, failures come 3 at once", shape=Shape(), clump=3),
    Healthy(text="like blue, failures come 10 at once", shape=Shape(), clump=10),
)
PLANTED = (
    Planted(text="1 % more errors", green=Behaviour(errors=0.012)),
    Planted(text="5 % more errors", green=Behaviour(errors=0.052)),
    Planted(text="50 ms slower", green=Behaviour(slower_ms=50)),
    Planted(text="1 % of requests hang", green=Behaviour(hangs=0.01)),
    Planted(text="10 % of requests hang", green=Behaviour(hangs=0.1)),
)
SHARES = (0.05, 0.25, 0.5)


def count_alarms(case: Healthy) -> int:
    """Return in how many healthy upgrades a gate failed; five steps, ten looks at each."""
    gates = usual_gates()
    if case.shape.trouble(0) > 1:
        gates = replace(gates, success_min=None)
    course = Course(looks=10, look_s=LOOK_S, gates=gates)
    alarms = 0
    for seed in range(case.runs):
        rng = random.Random(seed)  # noqa: S311 — a seed, not a secret
        same = Behaviour(errors=rng.uniform(0.001, 0.005), clump=case.clump)
        world = World(rng, blue=same, green=same, shape=case.shape)
        alarms += run_upgrade(world, course).failed_at is not None
    return alarms


def count_requests(case: Planted, share: float, gates: Gates) -> list[int]:
    """Return how many requests green had answered when each upgrade failed."""
    course = Course(shares=(share,), looks=LOOKS_MAX, look_s=LOOK_S, gates=gates)
    needed = []
    for seed in range(PLANTED_RUNS):
        rng = random.Random(seed)  # noqa: S311 — a seed, not a secret
        outcome = run_upgrade(World(rng, green=case.green), course)
        if outcome.failed_at is not None:
            needed.append(outcome.requests_on_green)
    return needed


def main() -> None:
    """Run every case and keep the section."""
    rows, alarms = [], []
    for healthy in HEALTHY:
        alarms.append(count_alarms(healthy))
        failed = f"{alarms[-1]:,} ({alarms[-1] / healthy.runs:.1%})"
        rows.append([healthy.text, "5, 25, 50, 75, 100 %", f"{healthy.runs:,}", failed, ""])
    caught = []
    for planted in PLANTED:
        for share in SHARES:
            needed = count_requests(planted, share, usual_gates())
            caught.append(len(needed) / PLANTED_RUNS)
            figures = f"{median(needed):,.0f} ({percentile(needed, 90):,.0f})" if needed else ""
            failed = f"{len(needed):,} ({caught[-1]:.1%})"
            rows.append([planted.text, f"{share:.0%}", f"{PLANTED_RUNS:,}", failed, figures])
    write_section(
        Section(
            name="gates",
            title="Gates: false alarms, and requests until a regression is seen",
            command="make bench ARGS=gates",
            columns=[
                "green",
                "share of green",
                "upgrades",
                "failed by a gate",
                "requests on green until then: median (p90)",
            ],
            rows=rows,
            targets=[
                Target(
                    text=f"at most 1 % of healthy upgrades fail: {alarms[0]} of {HEALTHY_RUNS:,}",
                    is_met=alarms[0] <= ALARMS_SHARE_MAX * HEALTHY_RUNS,
                    is_required=True,
                ),
                Target(
                    text=f"each regression seen in 95 % of upgrades at least: {min(caught):.1%}",
                    is_met=min(caught) >= CAUGHT_SHARE_MIN,
                    is_required=True,
                ),
            ],
            notes=[NOTE],
        )
    )


if __name__ == "__main__":
    main()
