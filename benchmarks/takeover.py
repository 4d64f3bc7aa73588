"""(b) The switch against the usual way: one controller stops, the other takes the gateway over.

The same lab, Envoy and load, in one run. The usual way is what a blue/green upgrade by hand does:
the old cluster's controller ends, and the new cluster's, which knows nothing yet, lists its cluster
and rebuilds the gateway's configuration.
"""

import asyncio
import signal
import subprocess
import time

import yaml

from bascule.lab.load.orders import Command
from bascule.lab.load.verdict import Verdict
from bascule.lab.story.settings import StorySettings
from bascule.lab.story.stage import GATEWAY_NAME, Stage
from bascule.lab.story.verbs import command_line
from benchmarks.figures import Section, Target, median, write_section
from benchmarks.load_stage import LoadStage, build_plan, open_load_stage
from tests.support.waiting import eventually

ROUTES = 1_000
RATE = 500.0
ROUNDS = 5
PAUSE_S = 3.0
END_LIMIT_S = 20.0
RATIO_MIN = 10.0
NOTE = (
    "Both ways keep Envoy serving. During a take-over nobody follows either cluster: a pod that "
    "goes in that time is found by failing requests."
)
SETTINGS = StorySettings(routes=ROUTES, rate=RATE, latency_ms=0)


async def switch_often() -> Verdict:
    """Switch there and back with the product; return what the load saw."""
    async with open_load_stage(SETTINGS, lambda stage: build_plan(stage, RATE)) as world:
        for number in range(ROUNDS):
            origin, to = ("blue", "green") if number % 2 == 0 else ("green", "blue")
            await world.switch(f"switch-{number}", origin, to)
            await asyncio.sleep(PAUSE_S)
    assert world.verdict is not None
    return world.verdict


async def take_over_once() -> Verdict:
    """Let the other cluster's controller take over; return what the load saw."""
    async with open_load_stage(SETTINGS, lambda stage: build_plan(stage, RATE)) as world:
        await take_over(world)
        await asyncio.sleep(PAUSE_S)
    assert world.verdict is not None
    return world.verdict


async def take_over(world: LoadStage) -> None:
    """Stop the runtime, and let one that knows only green start from nothing."""
    stage = world.stage
    assert stage.runtime is not None
    begun_s = time.monotonic()
    stage.runtime.send_signal(signal.SIGTERM)
    await asyncio.to_thread(stage.runtime.wait, END_LIMIT_S)
    state = stage.directory / "state" / "bascule" / GATEWAY_NAME
    for file in (*state.glob("journal.db*"), state / "last_good"):
        file.unlink(missing_ok=True)
    await start_green_controller(stage)
    ended_s = time.monotonic()
    world.generator.tell(
        Command(
            name="takeover",
            begun_s=begun_s,
            ended_s=ended_s,
            to="green",
            intent_s=begun_s,
            acknowledged_s=ended_s,
            effective_s=ended_s,
        )
    )


async def start_green_controller(stage: Stage) -> None:
    """Start a runtime to which both clusters are green, on the same Envoy, and wait for it."""
    gateway = yaml.safe_load(stage.gateway_file.read_text())
    gateway["clusters"]["blue"] = gateway["clusters"]["green"]
    file, said = stage.directory / "green.yaml", stage.directory / "green.out"
    file.write_text(yaml.safe_dump(gateway))
    with said.open("wb") as out:
        stage.runtime = subprocess.Popen(  # noqa: ASYNC220 - it outlives the loop's interest in it
            command_line("run", "-f", str(file), "--output", "json"),
            stdin=subprocess.DEVNULL,
            stdout=out,
            env=dict(stage.environment),
            start_new_session=True,
        )
    await eventually(lambda: b'"started"' in said.read_bytes(), within_s=END_LIMIT_S)


def main() -> None:
    """Measure both ways and keep the section."""
    ours, usual = asyncio.run(switch_often()), asyncio.run(take_over_once())
    ours_ms = [s.convergence_ms for s in ours.switches if s.convergence_ms is not None]
    usual_ms = [s.convergence_ms for s in usual.switches if s.convergence_ms is not None]
    ratio = median(usual_ms) / max(median(ours_ms), 0.1)
    write_section(
        Section(
            name="takeover",
            title="The switch against a take-over by the other cluster's controller",
            command="make bench ARGS=takeover",
            columns=["way", "to the last old answer, ms", "longest gap, ms", "failed", "requests"],
            rows=[
                [
                    f"`bascule switch`, median of {len(ours_ms)}",
                    f"{median(ours_ms):.1f}",
                    f"{ours.latency.max_gap_ms or 0:.0f}",
                    f"{ours.failed}",
                    f"{ours.requests:,}",
                ],
                [
                    "one controller stopped, the other rebuilds",
                    f"{median(usual_ms):.0f}",
                    f"{usual.latency.max_gap_ms or 0:.0f}",
                    f"{usual.failed}",
                    f"{usual.requests:,}",
                ],
                ["ratio", f"{ratio:.0f}x", "", "", ""],
            ],
            targets=[
                Target(
                    text=f"at least {RATIO_MIN:g} times sooner than the usual way: {ratio:.0f}x",
                    is_met=ratio >= RATIO_MIN,
                )
            ],
            notes=[f"{ROUTES:,} routes, {RATE:,.0f} requests a second.", NOTE],
        )
    )


if __name__ == "__main__":
    main()
