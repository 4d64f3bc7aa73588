"""A rolling restart of every Deployment of both clusters during a switch, under load."""

import asyncio
import subprocess

from bascule.lab.load.verdict import Verdict
from bascule.lab.shop.manifests import NAMESPACE
from bascule.lab.story.settings import StorySettings
from bascule.lab.story.stage import LAB_NAME, Stage
from bascule.lab.story.traffic import build_plan
from benchmarks.figures import Section, Target, write_section
from benchmarks.load_stage import open_load_stage

RATE = 400.0
ROUNDS = 3
SETTLE_S = 2.0
KUBECTL_LIMIT_S = 60


def kubectl(stage: Stage, cluster: str, *arguments: str) -> None:
    """Run the real kubectl on one cluster; CalledProcessError when it fails."""
    subprocess.run(
        [
            *("kubectl", "--kubeconfig", str(stage.lab.kubeconfig)),
            *("--context", f"{LAB_NAME}-{cluster}", "-n", NAMESPACE, *arguments),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=KUBECTL_LIMIT_S,
    )


async def restart_all(stage: Stage) -> None:
    """Restart every Deployment of both clusters and return when all have rolled out."""
    async with asyncio.TaskGroup() as tasks:
        for cluster in ("blue", "green"):
            tasks.create_task(
                asyncio.to_thread(kubectl, stage, cluster, "rollout", "restart", "deployment")
            )
    async with asyncio.TaskGroup() as tasks:
        for cluster in ("blue", "green"):
            tasks.create_task(
                asyncio.to_thread(kubectl, stage, cluster, "rollout", "status", "deployment")
            )


async def measure() -> Verdict:
    """Restart and switch at once, ROUNDS times; return what the load saw."""
    settings = StorySettings(rate=RATE)
    async with open_load_stage(settings, lambda s: build_plan(s.settings, s.places)) as world:
        origin, to = "blue", "green"
        for number in range(ROUNDS):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(restart_all(world.stage))
                await asyncio.sleep(SETTLE_S)
                await world.switch(f"switch-{number}", origin, to)
            origin, to = to, origin
            await asyncio.sleep(SETTLE_S)
    assert world.verdict is not None
    return world.verdict


def main() -> None:
    """Measure and keep the section."""
    verdict = asyncio.run(measure())
    reset = verdict.streams.reset
    write_section(
        Section(
            name="rolling_restart",
            title="Rolling restart of every Deployment during the switch",
            command="make bench ARGS=rolling_restart",
            columns=["requests", "failed", "longest gap, ms", "p99 before / during, ms", "streams"],
            rows=[
                [
                    f"{verdict.requests:,}",
                    f"{verdict.failed}",
                    f"{verdict.latency.max_gap_ms or 0:.0f}",
                    f"{verdict.latency.p99_ms.baseline} / {verdict.latency.p99_ms.during}",
                    f"{verdict.streams.opened} opened, {reset} reset",
                ]
            ],
            targets=[
                Target(
                    text=f"0 failed: {verdict.failed}",
                    is_met=verdict.failed == 0,
                    is_required=True,
                )
            ],
            notes=[
                f"{ROUNDS} rounds: all Deployments of both clusters restart, and a switch amid.",
                "A pod that ends takes its streams with it; the switch resets none.",
            ],
        )
    )


if __name__ == "__main__":
    main()
