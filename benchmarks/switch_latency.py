"""(a) The switch at 1 to 5,000 routes, under load: acknowledgement, last blue answer, failures.

Everything is as a user has it: lab clusters, `bascule run`, the verb `switch`, the lab's load.
`command_ms` runs from the durable intent to Envoy's acknowledgement.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bascule.lab.story.settings import StorySettings
from benchmarks.figures import Section, Target, median, write_section
from benchmarks.load_stage import build_plan, open_load_stage

ROUTES = (1, 100, 1_000, 5_000)
SWITCHES = 10
RATE = 3_000.0
PAUSE_S = 1.7
REQUESTS_MIN = 50_000
ACK_MS_MAX = 5.0
ACK_RATIO_MAX = 2.0
LAST_ANSWER_MS_MAX = 20.0
NOTE = (
    f"{SWITCHES} switches each, there and back. Load, pods, runtime and Envoy share the cores; "
    "pods answer at once."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One size of table."""

    routes: int
    command_ms: Sequence[float]
    last_answer_ms: Sequence[float]
    requests: int
    failed: int
    unmeasured: int
    rate: float


async def measure_size(routes: int) -> Measured:
    """Switch there and back SWITCHES times under load."""
    settings = StorySettings(routes=routes, rate=RATE, latency_ms=0)
    async with open_load_stage(settings, lambda stage: build_plan(stage, RATE)) as world:
        origin, to = "blue", "green"
        for number in range(SWITCHES):
            await world.switch(f"switch-{number}", origin, to)
            origin, to = to, origin
            await asyncio.sleep(PAUSE_S)
    verdict = world.verdict
    assert verdict is not None
    return Measured(
        routes=routes,
        command_ms=[c.command_ms for c in world.called if c.command_ms is not None],
        last_answer_ms=[
            s.convergence_quick_ms for s in verdict.switches if s.convergence_quick_ms is not None
        ],
        requests=verdict.requests,
        failed=verdict.failed,
        unmeasured=verdict.unmeasured_requests,
        rate=RATE,
    )


def render_row(measured: Measured) -> list[str]:
    """Return the table's row for one size."""
    ack, last = measured.command_ms, measured.last_answer_ms
    return [
        f"{measured.routes:,}",
        f"{median(ack):.2f} ({min(ack):.2f} to {max(ack):.2f})",
        f"{median(last):.1f} ({max(last):.1f})",
        f"{measured.requests:,} at {measured.rate:,.0f}/s",
        f"{measured.failed}",
        f"{measured.unmeasured}",
    ]


def judge_targets(found: Sequence[Measured]) -> list[Target]:
    """Return what was promised of the switch, and whether it was kept."""
    most, one = found[-1], found[0]
    ack, ratio = median(most.command_ms), median(most.command_ms) / median(one.command_ms)
    last = median(most.last_answer_ms)
    failed = sum(m.failed for m in found)
    enough = min(m.requests for m in found)
    return [
        Target(
            text=f"ACK median at 5,000 routes at most {ACK_RATIO_MAX:g}x that of 1: {ratio:.2f}x",
            is_met=ratio <= ACK_RATIO_MAX,
            is_required=True,
        ),
        Target(
            text=f"0 failed of at least {REQUESTS_MIN:,} requests: {failed} (least: {enough:,})",
            is_met=failed == 0 and enough >= REQUESTS_MIN,
            is_required=True,
        ),
        Target(
            text=f"ACK median at 5,000 routes under {ACK_MS_MAX:g} ms: {ack:.2f} ms",
            is_met=ack < ACK_MS_MAX,
        ),
        Target(
            text=f"last blue answer within {LAST_ANSWER_MS_MAX:g} ms, median: {last:.1f} ms",
            is_met=last < LAST_ANSWER_MS_MAX,
        ),
    ]


def main() -> None:
    """Measure each size and keep the section."""
    found = [asyncio.run(measure_size(routes)) for routes in ROUTES]
    write_section(
        Section(
            name="switch_latency",
            title="The switch",
            command="make bench ARGS=switch_latency",
            columns=[
                "routes",
                "intent to ACK, ms: median (range)",
                "intent to last old answer, ms: median (max)",
                "requests",
                "failed",
                "unmeasured",
            ],
            rows=[render_row(m) for m in found],
            targets=judge_targets(found),
            notes=[NOTE],
        )
    )


if __name__ == "__main__":
    main()
