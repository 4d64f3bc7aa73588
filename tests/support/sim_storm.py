"""A whole upgrade in a storm, from one seed: everything that can go wrong does, at its moments.

Lost answers, refusals, slow effects, API outages, foreign writes, operators who say anything at any
time, kills, a second runner that takes over while the first one sleeps, jumps of the wall clock.
After `CALM_S` the world calms down and a patient person helps, so that each run has an end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from bascule.errors import DriverError, OutcomeUnknownError, StaleWriterError
from bascule.ids import Cluster, CommandId
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.routing.weights import Split, Weights
from bascule.upgrade.decide import find_hindrances
from bascule.upgrade.encoding import parse_split
from bascule.upgrade.gates.model import Counts, Gates
from bascule.upgrade.plan.model import Plan, Policy, Step
from bascule.upgrade.readiness import ClusterLists, TrafficView
from bascule.upgrade.run.rollback import TRAFFIC_KEY
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.signals import Order, SteerUpgrade, UpgradeVerb
from bascule.upgrade.state import GatewayState, fold
from tests.support.fake_traffic import Life
from tests.support.orders import BLUE, START, shop_routes, view
from tests.support.plans import (
    approval,
    build_plan,
    by_host,
    hold,
    set_split,
    start_order,
    whole_steps,
)
from tests.support.sim_world import TICK_S, Far, Killed, PointedTraffic, Points, SimWorld

CALM_S = 120.0
END_MAX_S = 3_000.0
WAYS_ON = (UpgradeVerb.RETRY, UpgradeVerb.ROLLBACK, UpgradeVerb.APPROVE)
"""What a person may say to an upgrade that has halted; but for a gate the first one helps."""
HOST = shop_routes().hosts[0].name
HOSTS_SHARE = 0.4
"""In so many storms one host moves before the others do."""
JUDGED = Gates(requests_min=10, below_blue_max=0.01, success_min=0.95, alpha=0.0005)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a storm ended."""

    seed: int
    state: GatewayState
    far: Far
    digest: str
    """Of the last record: the same for the same journal bytes."""
    violations: tuple[str, ...]
    lives: int


@dataclass(slots=True)
class Storm:
    """One seed's world and what happens to it."""

    seed: int
    rng: Random
    world: SimWorld
    plan: Plan
    is_green_bad: bool
    lives: list[tuple[Life, PointedTraffic]] = field(default_factory=list)
    begun: int = 0
    told: int = 0
    checked: int = 0
    violations: list[str] = field(default_factory=list)
    calm_at_s: float = 0.0
    is_taking_over: bool = False

    @property
    def now_s(self) -> float:
        return self.world.clock.monotonic_s()

    @property
    def is_calm(self) -> bool:
        return self.now_s >= self.calm_at_s

    def chance(self, share: float) -> bool:
        return not self.is_calm and self.rng.random() < share

    async def run(self) -> Outcome:
        """Play to the end of the upgrade and what the runner does after it."""
        self.calm_at_s = self.now_s + CALM_S
        self.world.counts_of = lambda _: self._counts()
        self.world.tell(start_order(self.plan))
        while not await self._step():
            if self.now_s > self.calm_at_s + END_MAX_S:
                self.violations.append("the upgrade comes to no end")
                break
        state = fold(self.world.disk.records)
        assert state is not None
        return Outcome(
            seed=self.seed,
            state=state,
            far=self.world.far,
            digest=self.world.disk.records[-1].digest,
            violations=(*self.violations, *self._judge_end(state)),
            lives=self.begun,
        )

    async def _step(self) -> bool:
        """Half a second of the world; whether the upgrade is over."""
        self._weather()
        if not self.lives:
            await self._begin()
        for pair in tuple(self.lives):
            await self._tick(*pair)
        state = self.lives[-1][0].executor.state if self.lives else None
        self._check_records()
        await self.world.clock.sleep_until(self.now_s + TICK_S)
        if state is None:
            return False
        if state.upgrade is None:
            self._start_again()
            return False
        if state.unfinished is not None:
            self._speak(state.unfinished)
        return state.upgrade.is_over

    def _start_again(self) -> None:
        """An order that grew old, as the clock says, is refused; somebody says it again."""
        disk = self.world.disk
        if set(disk.inbox) <= disk.done:
            self.told += 1
            self.world.tell(start_order(self.plan, f"run-{self.told}"))

    async def _begin(self) -> None:
        """Begin a runner. The one before it may not know yet that it is the old one."""
        self.begun += 1
        kill_at = self.rng.randrange(1, 200) if self.chance(0.6) else 0
        try:
            life = await self.world.begin(Points(kill_at=kill_at))
        except Killed:
            return
        traffic = life.executor._ports.traffic
        assert isinstance(traffic, PointedTraffic)
        generation = self.world.disk.generation
        traffic.fence = lambda: self._fence(generation)
        traffic.faults = self._refuse
        traffic.lost = self._lose
        traffic.delay_s = lambda: self.rng.uniform(0.0, 2.0) if self.chance(0.3) else 0.0
        traffic.meanwhile = self._take_over_meanwhile
        traffic.watch = self._watch
        self.lives.append((life, traffic))

    async def _tick(self, life: Life, traffic: PointedTraffic) -> None:
        traffic.known = self.world.known or traffic.known
        try:
            await life.executor.tick()
        except (Killed, StaleWriterError):
            self.lives.remove((life, traffic))

    async def _take_over_meanwhile(self) -> None:
        """While an effect is on its way its runner falls asleep, and another one takes over."""
        if self.is_taking_over or not self.chance(0.02):
            return
        self.is_taking_over = True
        try:
            await self._begin()
            life, traffic = self.lives[-1]
            await self._tick(life, traffic)
        finally:
            self.is_taking_over = False

    def _fence(self, generation: int) -> None:
        if generation != self.world.disk.generation:
            raise StaleWriterError("another owner has taken over")

    def _refuse(self, name: str) -> None:
        if self.chance(0.1):
            raise DriverError(f"the gateway refuses the {name}")

    def _lose(self, name: str) -> None:
        if self.chance(0.1):
            raise OutcomeUnknownError(f"no answer about the {name}")

    def _weather(self) -> None:
        clock, far = self.world.clock, self.world.far
        if self.chance(0.01):
            clock.offset += timedelta(seconds=self.rng.uniform(-7_200, 7_200))
        if self.chance(0.01):
            far.stolen_by = "eve"
            far.live = Split(Weights(self.rng.randrange(0, 10_001)))
        elif far.stolen_by and (self.is_calm or self.rng.random() < 0.2):
            far.stolen_by = ""
            state = fold(self.world.disk.records)
            if state is not None:
                far.live = state.split  # the controller mends what differs from its table
        if self.is_calm:
            self.world.known = view()
        elif self.rng.random() < 0.05:
            self.world.known = self._outage()
        elif self.rng.random() < 0.2:
            self.world.known = view()
        if self.chance(0.01):
            self.lives.append(self.lives.pop(0)) if self.lives else None

    def _outage(self) -> TrafficView:
        away = ClusterLists(is_complete=True, is_stale=True, reason="its API is away")
        kind = self.rng.randrange(3)
        if kind == 0:
            return view(green=away)
        if kind == 1:
            return view(blue=away)
        return view(shop_routes(green=False))

    def _counts(self) -> dict[Cluster, Counts]:
        is_bad = self.is_green_bad and self.world.far.live.default.green_bp >= 5_000
        return {
            Cluster.BLUE: self._counts_of(Cluster.BLUE, 0),
            Cluster.GREEN: self._counts_of(Cluster.GREEN, 30 if is_bad else 0),
        }

    def _counts_of(self, cluster: Cluster, failures: int) -> Counts:
        live = self.world.far.live
        if not any(weights.of(cluster) for weights in (live.default, *live.by_host.values())):
            return Counts()
        return Counts(requests=100, started=100, failures=failures)

    def _speak(self, state: UpgradeState) -> None:
        """Somebody says something; in the calm, somebody helps."""
        if state.halted is not None and state.halted.is_in_doubt:
            self._answer(state)
        elif self.chance(0.03):
            verb = self.rng.choice([v for v in UpgradeVerb if v is not UpgradeVerb.ANSWER])
            data = {
                UpgradeVerb.WEIGHTS: {"blue_bp": self.rng.randrange(0, 10_001)},
                UpgradeVerb.EXTEND: {"by_s": 3},
            }
            self._tell(verb, **data.get(verb, {}))
        elif self.is_calm or self.rng.random() < 0.05:
            self._help(state)

    def _help(self, state: UpgradeState) -> None:
        if state.halted is not None:
            self._tell(self.rng.choice(WAYS_ON if self.is_green_bad else WAYS_ON[:1]))
        elif state.paused is not None:
            self._tell(UpgradeVerb.RESUME)
        elif state.current is not None and state.current.kind == "approval":
            self._tell(UpgradeVerb.APPROVE)

    def _answer(self, state: UpgradeState) -> None:
        assert state.halted is not None
        key = state.halted.key
        step = next(step for step in state.queue if step.key == key)
        argv = step.args.get("run")
        name = " ".join(str(part) for part in argv) if isinstance(argv, list) else ""
        self._tell(UpgradeVerb.ANSWER, answer="done" if name in self.world.far.hooks else "redo")

    def _tell(self, verb: UpgradeVerb, **data: str | int) -> None:
        self.told += 1
        signal = SteerUpgrade(name=self.plan.name, verb=verb, data=dict(data))
        order = Order(
            id=CommandId(f"s{self.told}"), at=START, actor="ada@desk", signal=signal, reason="why"
        )
        self.world.tell(order)

    def _watch(self, name: str) -> None:
        """What must hold after each effect, whoever caused it."""
        state = fold(self.world.disk.records)
        assert state is not None
        upgrade = state.upgrade
        far = self.world.far
        is_retiring = upgrade is not None and upgrade.step("retire-blue").attempt > 0
        if far.retired and not is_retiring:
            self.violations.append(f"blue was touched before retire, by {name}")
        asked = [state.split, *([state.in_flight.intent.before] if state.in_flight else [])]
        if name == "split" and far.live not in asked:
            self.violations.append("a split is live that no record asks for")

    def _check_records(self) -> None:
        """What must hold of each new record: weights rise only where endpoints are ready."""
        records = self.world.disk.records
        for record in records[self.checked :]:
            if record.entry.kind != "weights_intended" or record.entry.data["kind"] != "upgrade":
                continue
            data = record.entry.data
            if TRAFFIC_KEY in str(data["order_id"]) or TRAFFIC_KEY in str(data["reason"]):
                continue
            before, wanted = parse_split(data["before"]), parse_split(data["wanted"])
            known = self.world.known or view()
            if find_hindrances(before, wanted, known):
                self.violations.append(f"record {record.seq} gives weight to what is not ready")
        self.checked = len(records)

    def _judge_end(self, state: GatewayState) -> list[str]:
        upgrade, far = state.upgrade, self.world.far
        assert upgrade is not None
        found: list[str] = []
        if far.stolen_by:
            return found  # what is live is another's doing, and is mended later
        if upgrade.is_over and far.live != state.split:
            found.append("what is live is not what the journal says")
        if upgrade.stage is Stage.ROLLED_BACK and far.live != BLUE:
            found.append("rolled back, and yet not all traffic is blue")
        if upgrade.stage is Stage.ROLLED_BACK and far.arrangement != NOTHING_ARRANGED:
            found.append("rolled back, and yet something stands around the split")
        if upgrade.stage is Stage.COMPLETED and far.retired != {Cluster.BLUE}:
            found.append("completed, and yet blue is in the gateway")
        once = ("do move-data", "undo move-data")
        return [*found, *(f"{hook!r} ran twice" for hook in once if far.hooks.count(hook) > 1)]


def build_storm(seed: int) -> Storm:
    """Return the storm of a seed."""
    rng = Random(seed)  # noqa: S311 — a storm, no secret
    gates = JUDGED if rng.random() < 0.5 else None
    steps = list(whole_steps(hold_s=rng.choice([1.0, 4.0, 15.0]), gates=gates))
    if rng.random() < 0.5:
        place = next(i for i, step in enumerate(steps) if step.key == "shift-50-hold")
        steps.insert(place + 1, approval("shift-50", Stage.SHIFT))
    if Random(f"hosts {seed}").random() < HOSTS_SHARE:  # noqa: S311 — as above
        steps = list(_with_host_first(steps))
    policy = Policy(
        is_rollback_automatic=rng.random() < 0.8,
        unsafe_after="hook-move-data" if rng.random() < 0.3 else "",
    )
    return Storm(
        seed=seed,
        rng=rng,
        world=SimWorld(far=Far(live=BLUE, arrangement=NOTHING_ARRANGED)),
        plan=build_plan(steps, policy=policy),
        is_green_bad=gates is not None and rng.random() < 0.5,
    )


async def weather_storm(seed: int) -> Outcome:
    """Play one seed from its start to its end."""
    storm = build_storm(seed)
    return await storm.world.clock.drive(storm.run())


def _with_host_first(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps with one host moved whole before the others, which then stays on green."""
    moved = by_host(HOST)
    for step in steps:
        if step.key == "shift-5":
            yield set_split("shift-hosts-1", moved)
            yield hold("shift-hosts-1-hold", Stage.SHIFT, 1.0)
        if step.key in {"shift-5", "shift-50"}:
            split = parse_split(step.args["split"])
            yield set_split(step.key, Split(split.default, moved.by_host))
        else:
            yield step
