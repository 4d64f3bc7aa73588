"""kill -9 before and after every journal write and every effect of an upgrade, and go on.

The end must be that of the run that was never killed, each effect once. Mutants that repeat
without looking, or act before recording, must not get through.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from typing_extensions import override

from bascule.ids import Cluster, CommandId
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.gates.model import Counts, Gates
from bascule.upgrade.plan.model import Plan, Step
from bascule.upgrade.run.events import StepStarted
from bascule.upgrade.run.results import Absent, Result, Seen
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.run.steps import Steps
from bascule.upgrade.signals import Order, SteerUpgrade, UpgradeVerb
from tests.support.fake_traffic import Life
from tests.support.orders import BLUE, START
from tests.support.plans import build_plan, made_steps, start_order, whole_steps
from tests.support.sim_world import Far, Killed, Points, SimWorld, run_until

Teller = Callable[[SimWorld, UpgradeState], None]


def nobody(world: SimWorld, state: UpgradeState) -> None:
    """No operator speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One way for an upgrade to go."""

    plan: Plan
    end: Stage
    operator: Teller = nobody
    prepare: Callable[[SimWorld], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What is left when all is over."""

    stage: Stage
    live: Split
    arrangement: Arrangement
    retired: frozenset[Cluster]
    splits: tuple[Split, ...]
    hooks: tuple[str, ...]
    platform: tuple[str, ...]
    """What was made, stopped, started and removed, in order."""


def steer(order_id: str, verb: UpgradeVerb, **data: str) -> Order:
    signal = SteerUpgrade(name="up", verb=verb, data=dict(data))
    return Order(id=CommandId(order_id), at=START, actor="ada@desk", signal=signal)


def answer_doubt(world: SimWorld, state: UpgradeState) -> None:
    """A person looks into the world and says what he sees, once for each time he is asked."""
    halted = state.halted
    if halted is None or not halted.is_in_doubt:
        return
    step = next(step for step in state.queue if step.key == halted.key)
    argv = step.args["run"]
    assert isinstance(argv, list)
    has_run = " ".join(str(part) for part in argv) in world.far.hooks
    order_id = f"answer-{halted.key}-{state.step(halted.key).attempt}"
    world.tell(steer(order_id, UpgradeVerb.ANSWER, answer="done" if has_run else "redo"))


def failing_at(percent: float) -> Callable[[SimWorld], None]:
    """Green fails every fifth request once it has so much of the traffic."""

    def prepare(world: SimWorld) -> None:
        def counts(_: object) -> dict[Cluster, Counts]:
            is_bad = world.far.live.default.green_bp >= percent * 100
            blue = Counts(requests=100, started=100)
            return {
                Cluster.BLUE: blue,
                Cluster.GREEN: Counts(requests=100, started=100, failures=20 if is_bad else 0),
            }

        world.counts_of = counts

    return prepare


def roll_back_in_bake(world: SimWorld, state: UpgradeState) -> None:
    if state.stage is Stage.BAKE:
        world.tell(steer("back", UpgradeVerb.ROLLBACK))


def roll_back_while_blue_is_stopped(world: SimWorld, state: UpgradeState) -> None:
    if state.current is not None and state.current.key == "stopped-hold":
        world.tell(steer("back", UpgradeVerb.ROLLBACK))


def set_by_hand(world: SimWorld, state: UpgradeState) -> None:
    current = state.current
    if current is not None and current.key == "shift-50-hold" and state.signal("hand") is None:
        signal = SteerUpgrade(name="up", verb=UpgradeVerb.WEIGHTS, data={"blue_bp": 9_000})
        world.tell(Order(id=CommandId("hand"), at=START, actor="ada@desk", signal=signal))
    if state.paused is not None:
        world.tell(steer("go-on", UpgradeVerb.RESUME))


JUDGED = Gates(requests_min=10, below_blue_max=0.01, success_min=0.95, alpha=0.001)
STORIES = {
    "completes": Story(plan=build_plan(whole_steps(hold_s=2.0)), end=Stage.COMPLETED),
    "gate fails": Story(
        plan=build_plan(whole_steps(hold_s=2.0, gates=JUDGED)),
        end=Stage.ROLLED_BACK,
        prepare=failing_at(50),
    ),
    "rolled back by hand": Story(
        plan=build_plan(whole_steps(hold_s=2.0)), end=Stage.ROLLED_BACK, operator=roll_back_in_bake
    ),
    "weights by hand": Story(
        plan=build_plan(whole_steps(hold_s=2.0)), end=Stage.COMPLETED, operator=set_by_hand
    ),
    "clusters made and removed": Story(
        plan=build_plan(made_steps(hold_s=2.0)), end=Stage.COMPLETED
    ),
    "rolled back to a stopped cluster": Story(
        plan=build_plan(made_steps(hold_s=2.0)),
        end=Stage.ROLLED_BACK,
        operator=roll_back_while_blue_is_stopped,
    ),
}
POINTS_MAX = 2_000
"""More points than any story has."""
TICKS_MAX = 1_000
REPEATABLE = {"do warm", "undo warm"}
"""The commands of the plans that may run again; of the others each runs once."""


async def play(
    story: Story, *, kill_at: int, build_steps: Callable[[Life], Steps] | None = None
) -> tuple[End, Points]:
    """Play a story; the first life ends at point `kill_at`, the second is left alone."""
    far = Far(live=BLUE, arrangement=NOTHING_ARRANGED)
    world = SimWorld(far=far, build_steps=build_steps)
    return await world.clock.drive(_play_in(world, story, Points(kill_at=kill_at)))


async def _play_in(world: SimWorld, story: Story, points: Points) -> tuple[End, Points]:
    story.prepare(world)
    world.tell(start_order(story.plan))
    first = points
    while True:
        try:
            state = await _live(world, story, points)
        except Killed:
            points = Points()
            continue
        return (
            End(
                stage=state.stage,
                live=world.far.live,
                arrangement=world.far.arrangement,
                retired=world.far.retired,
                splits=tuple(world.far.splits),
                hooks=tuple(_once_where_repeatable(world.far.hooks)),
                platform=tuple(world.far.platform.effects),
            ),
            first,
        )


def _once_where_repeatable(hooks: list[str]) -> list[str]:
    """Leave out the repetition of a command that the plan calls repeatable."""
    return [
        hook
        for place, hook in enumerate(hooks)
        if hook not in REPEATABLE or hook not in hooks[:place]
    ]


async def _live(world: SimWorld, story: Story, points: Points) -> UpgradeState:
    """Live one life of a runner, to the end of the upgrade or to its own."""
    life = await world.begin(points)

    def speak() -> None:
        upgrade = life.executor.state.unfinished
        if upgrade is not None:
            answer_doubt(world, upgrade)
            story.operator(world, upgrade)

    return await run_until(life, lambda found: found.is_over, on_tick=speak, ticks_max=TICKS_MAX)


async def find_bad_points(
    story: Story, *, build_steps: Callable[[Life], Steps] | None = None, bad_max: int = POINTS_MAX
) -> tuple[list[str], int]:
    """Return the points at which a kill changes the end, and how many points there are.

    It stops looking after `bad_max` of them.
    """
    wanted, whole = await play(story, kill_at=0)
    assert wanted.stage is story.end
    bad: list[str] = []
    for number in range(1, whole.passed + 1):
        if len(bad) >= bad_max:
            break
        try:
            end, points = await play(story, kill_at=number, build_steps=build_steps)
        except ExceptionGroup as failure:
            bad.append(f"{number}: {failure.exceptions[0]}")
            continue
        if end != wanted:
            bad.append(f"{number} {points.names[-1]}: {end}")
    return bad, whole.passed


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_a_kill_at_any_point_changes_nothing_about_the_end(name: str) -> None:
    bad, points = await find_bad_points(STORIES[name])

    assert bad == []
    assert 50 < points < POINTS_MAX


class RepeatsWithoutLooking(Steps):
    """A mutant: what was begun is done again, whatever it was."""

    @override
    async def observe(self, step: Step) -> Seen:
        return Absent()

    @override
    def is_repeatable(self, step: Step) -> bool:
        return True


class ActsBeforeRecording(Steps):
    """A mutant: the effect comes first, and its record after it."""

    @override
    async def act(self, step: Step, intent: StepStarted) -> Result:
        append = self._ledger.append

        async def later(*events: object, actor: str = "executor") -> None:
            """Record nothing yet."""

        self._ledger.append = later  # type: ignore[method-assign]  # a mutant
        try:
            result = await super().act(step, intent)
        finally:
            self._ledger.append = append  # type: ignore[method-assign]  # a mutant
        await append(intent)
        return result


def mutant(kind: type[Steps]) -> Callable[[Life], Steps]:
    def build(life: Life) -> Steps:
        own: Steps = life.executor._runner._steps
        own.__class__ = kind
        return own

    return build


@pytest.mark.parametrize("name", ["completes", "clusters made and removed"])
@pytest.mark.parametrize("kind", [RepeatsWithoutLooking, ActsBeforeRecording])
async def test_a_mutant_does_not_get_through(kind: type[Steps], name: str) -> None:
    bad, _ = await find_bad_points(STORIES[name], build_steps=mutant(kind), bad_max=1)

    assert bad != []


async def test_a_cluster_is_started_again_before_traffic_goes_back_to_it() -> None:
    end, points = await play(STORIES["rolled back to a stopped cluster"], kill_at=0)

    assert end.platform == ("make green", "stop blue", "start blue", "remove green")
    started = points.names.index("after run-1:undo-stop-blue")
    assert started < len(points.names) - 1 - points.names[::-1].index("after effect split")


def test_the_stories_reach_every_kind_of_step() -> None:
    kinds = {step.kind for story in STORIES.values() for step in story.plan.steps}

    assert kinds >= {"check", "arrange", "set_weights", "hold", "hook", "prove_idle", "retire"}
