"""What each kind of step looks at; how their results are used is in test_runner."""

from dataclasses import replace

import pytest

from bascule.checks.findings import Finding, Severity
from bascule.errors import DriverError, InvariantError, OutcomeUnknownError
from bascule.gateway.driver import ClusterTraffic, Convergence, Observation
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.routing.arrangement import Arrangement
from bascule.upgrade.changing import Changer
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.ledger import Ledger, open_history
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.ports import Asked
from bascule.upgrade.readiness import ClusterLists
from bascule.upgrade.run.building import VERBS
from bascule.upgrade.run.events import RunEvent
from bascule.upgrade.run.results import (
    Absent,
    Done,
    Failed,
    InDoubt,
    Refused,
    Result,
    Unknown,
    Waits,
)
from bascule.upgrade.run.rollback import plan_rollback
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.steps import FINDINGS_NAMED_MAX, PASSIVE_KINDS, Steps, Tools
from bascule.upgrade.run.update_count import Updates
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.fake_platform import FakePlatform
from tests.support.fake_run import FakeBackends, FakeChecks, FakeHooks, FakeMetrics
from tests.support.fake_traffic import FakeTraffic, FakeWitness
from tests.support.orders import BLUE, GREEN, percent, shop_routes, view
from tests.support.plans import (
    PREVIEW,
    approval,
    arrange,
    build_plan,
    build_step,
    hold,
    hook,
    weights,
)
from tests.support.runs import begin_event, ended, entered, signal, started
from tests.support.virtual_clock import VirtualClock

AWAY = ClusterLists(is_complete=True, is_stale=True)


async def never() -> bool:
    return False


class Desk:
    """Hands with a world, and one step of an upgrade to work on."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.clock = VirtualClock()
        self.disk = FakeDisk()
        self.traffic = FakeTraffic(self.clock)
        self.checks, self.hooks = FakeChecks(), FakeHooks()
        self.metrics = FakeMetrics(self.clock)
        self.platform = FakePlatform()
        self.backends = FakeBackends()

    @property
    def tools(self) -> Tools:
        return Tools(
            traffic=self.traffic,
            checks=self.checks,
            metrics=self.metrics,
            hooks=self.hooks,
            platform=self.platform,
            backends=self.backends,
        )

    async def begin(self, *events: RunEvent, plan: Plan | None = None) -> Steps:
        journal = FakeJournal(self.disk)
        ledger = Ledger(journal, await open_history(journal, BLUE, self.clock), self.clock)
        await ledger.append(begin_event(plan or build_plan([self.step])))
        if self.step.stage is not Stage.PREFLIGHT:
            await ledger.append(entered(self.step.stage))
        await ledger.append(*events) if events else None
        self.ledger = ledger
        return Steps(
            ledger,
            Changer(ledger, self.traffic, FakeWitness(), self.clock),
            self.tools,
            is_called_back=never,
        )

    async def look(self, *events: RunEvent) -> Result:
        steps = await self.begin(started(self.step.key), *events)
        return await steps.look(self.step)

    async def act(self) -> Result:
        steps = await self.begin()
        return await self.clock.drive(steps.act(self.step, started(self.step.key)))


def made(kind: StepKind, stage: Stage = Stage.PREFLIGHT, **args: Json) -> Step:
    return build_step("step", stage, kind, **args)


def observed(active: int) -> Observation:
    traffic = ClusterTraffic(
        requests_total=9, requests_active=active, endpoints_healthy=1, failures_total=0
    )
    return Observation(
        convergence=Convergence.CONVERGED,
        split=GREEN,
        instances=1,
        traffic={Cluster.BLUE: traffic},
    )


async def test_preflight_fails_by_blockers_and_names_some_of_them() -> None:
    clear = await Desk(made(StepKind.CHECK)).look()
    desk = Desk(made(StepKind.CHECK))
    blocker = Finding(
        severity=Severity.BLOCKER, code="C", subject="green", message="is not well", remedy="cure"
    )
    desk.checks.findings = (blocker,) * (FINDINGS_NAMED_MAX + 2)

    found = await desk.look()

    assert clear == Done(output={"findings": []})
    assert isinstance(found, Failed)
    assert found.reason.count("green: is not well") == FINDINGS_NAMED_MAX
    assert found.reason.endswith("; and 2 more")
    assert "cure" in found.remedy


async def test_a_cluster_that_is_listed_whole_is_awaited_no_more() -> None:
    assert await Desk(made(StepKind.AWAIT_CLUSTER, cluster="green")).look() == Done()


async def test_idleness_is_looked_at_by_what_is_measured_and_forgotten_in_the_end() -> None:
    desk = Desk(made(StepKind.PROVE_IDLE, cluster="blue"))
    steps = await desk.begin(started("step"))
    steps.watch(desk.step)
    assert desk.metrics.wanted is None

    await steps.look(desk.step)
    await desk.clock.advance(1.0)

    assert isinstance(await steps.look(desk.step), Done)
    steps.rest()
    assert desk.metrics.wanted is None


async def test_a_step_that_measures_nothing_itself_is_measured_as_a_baseline() -> None:
    desk = Desk(made(StepKind.AWAIT_CLUSTER, cluster="green"))
    steps = await desk.begin(started("step"))

    steps.watch(desk.step)

    assert desk.metrics.wanted is not None


async def test_a_cluster_is_made_by_the_platform() -> None:
    desk = Desk(made(StepKind.MAKE_CLUSTER, cluster="green"))
    steps = await desk.begin()
    absent = await steps.observe(desk.step)

    begun = await steps.act(desk.step, started("step"))

    assert absent == Absent()
    assert begun == Waits(reason="making green")
    assert [act.cluster for act in desk.platform.begun] == [Cluster.GREEN]


async def test_an_arrangement_is_set_without_a_look() -> None:
    desk = Desk(arrange("preview-on", Stage.VERIFY, Arrangement(preview=PREVIEW)))

    assert await (await desk.begin()).observe(desk.step) == Absent()


async def test_weights_wait_for_clusters_and_for_what_stands_against_them() -> None:
    desk = Desk(weights(5))
    steps = await desk.begin()

    ready = await steps.observe(desk.step)
    desk.checks.findings = (
        Finding(severity=Severity.BLOCKER, code="C", subject="gateway", message="is not ours"),
    )
    blocked = await steps.observe(desk.step)
    desk.traffic.known = view(green=AWAY)
    away = await steps.observe(desk.step)

    assert ready == Absent()
    assert blocked == Waits(reason="gateway: is not ours")
    assert isinstance(away, Waits)
    assert "green" in away.reason


@pytest.mark.parametrize(
    "step",
    [
        arrange("preview-on", Stage.VERIFY, Arrangement()),
        build_step("retire-blue", Stage.RETIRE, StepKind.RETIRE, cluster="green"),
    ],
    ids=["arrange", "retire"],
)
async def test_nothing_is_written_beside_another_writer_of_the_gateway(step: Step) -> None:
    desk = Desk(step)
    steps = await desk.begin()
    agic = Finding(severity=Severity.BLOCKER, code="AgicInside", subject="green", message="is back")

    free = await steps.observe(step)
    desk.checks.findings = (replace(agic, code="ClusterUnreachable"),)
    other = await steps.observe(step)
    desk.checks.findings = (agic,)
    found = await steps.observe(step)
    undone = await steps.observe(arrange("undo", Stage.ROLLBACK, Arrangement()))

    assert (free, other, undone) == (Absent(), Absent(), Absent())
    assert found == Waits(reason="green: is back")


async def test_the_way_back_waits_only_for_something_that_answers_there() -> None:
    back = build_step("rollback-traffic", Stage.ROLLBACK, StepKind.SET_WEIGHTS, **weights(0).args)
    desk = Desk(weights(100))
    steps = await desk.begin()
    await desk.clock.drive(steps.act(desk.step, started("shift-100")))
    desk.traffic.known = view(green=AWAY)

    ready = await steps.observe(back)
    desk.traffic.known = view(shop_routes(blue=False))
    unknown = await steps.observe(back)

    assert ready == Absent()
    assert isinstance(unknown, Waits)


async def test_a_hold_says_aloud_that_there_is_no_way_back() -> None:
    plan = build_plan([weights(100), hold("h", Stage.SHIFT, 60.0, Gates(has_traffic=False))])
    desk = Desk(plan.steps[0])
    steps = await desk.begin(plan=plan)
    await desk.clock.drive(steps.act(desk.step, started("shift-100")))
    await desk.ledger.append(ended("shift-100"), started("h"))

    fine = await steps.look(plan.steps[1])
    desk.traffic.known = view(shop_routes(blue=False))
    lost = await steps.look(plan.steps[1])

    assert isinstance(fine, Waits)
    assert isinstance(lost, Waits)
    assert "NO WAY BACK" not in fine.reason
    assert lost.reason.endswith(
        "; THERE IS NO WAY BACK NOW: blue has no ready endpoint for any route"
    )


@pytest.mark.parametrize(
    "step",
    [hold("h", Stage.SHIFT, 60.0, Gates(has_traffic=False)), approval("go", Stage.SHIFT)],
    ids=["hold", "approval"],
)
async def test_a_way_back_that_the_gateway_finds_sick_is_told_aloud(step: Step) -> None:
    plan = build_plan([weights(100), step])
    desk = Desk(plan.steps[0])
    steps = await desk.begin(plan=plan)
    await desk.clock.drive(steps.act(desk.step, started("shift-100")))
    await desk.ledger.append(ended("shift-100"), started(step.key))
    desk.backends.answers[Cluster.BLUE] = Asked(sick="pool-blue")

    found = await steps.look(step)

    assert isinstance(found, Waits)
    assert found.reason.endswith(
        "; THERE IS NO WAY BACK NOW: the gateway finds backends of blue unhealthy: pool-blue"
    )


async def test_weights_wait_for_the_gateways_own_word_on_where_they_lead() -> None:
    desk = Desk(weights(5))
    steps = await desk.begin()
    seen: list[object] = []
    for asked in (Asked(is_awaited=True), Asked(sick="pool-green"), Asked(doubt="forbidden")):
        desk.backends.answers[Cluster.GREEN] = asked
        seen.append(await steps.observe(desk.step))

    assert seen == [
        Waits(reason="the gateway is asked how it finds the backends of green"),
        Waits(reason="the gateway finds backends of green unhealthy: pool-green"),
        Absent(),
    ]


async def test_what_the_gateway_did_not_tell_is_noted_with_the_change() -> None:
    desk = Desk(weights(5))
    desk.backends.answers[Cluster.GREEN] = Asked(doubt="forbidden")

    await desk.act()

    noted = [record for record in desk.disk.records if "forbidden" in str(record.entry.data)]
    assert [record.entry.data["notes"] for record in noted] == [
        ["the gateway does not tell how it finds all backends of green: forbidden"]
    ]


async def test_a_rollback_never_waits_for_the_gateways_word() -> None:
    back = build_step("rollback-traffic", Stage.ROLLBACK, StepKind.SET_WEIGHTS, **weights(0).args)
    desk = Desk(weights(100))
    steps = await desk.begin()
    await desk.clock.drive(steps.act(desk.step, started("shift-100")))
    desk.backends.answers[Cluster.BLUE] = Asked(sick="pool-blue", is_awaited=True)
    desk.backends.asked.clear()

    assert await steps.observe(back) == Absent()
    assert desk.backends.asked == []


async def test_weights_that_the_gateway_refuses_may_be_tried_again() -> None:
    desk = Desk(weights(5))
    desk.traffic.failures = [DriverError("no", remedy="ask why")]

    assert await desk.act() == Refused(reason="no", remedy="ask why")


async def test_a_cluster_is_awaited_until_it_is_listed_whole() -> None:
    desk = Desk(made(StepKind.AWAIT_CLUSTER, cluster="green"))
    desk.traffic.known = view(green=AWAY)

    found = await desk.look()

    assert isinstance(found, Waits)
    assert "API of green is away" in found.reason


async def test_routes_are_awaited_only_of_the_hosts_that_move() -> None:
    for hosts, is_done in (
        (["other.example.com"], True),
        (["shop.example.com"], False),
        ([], False),
    ):
        named: list[Json] = [*hosts]
        desk = Desk(made(StepKind.AWAIT_ROUTES, cluster="green", hosts=named))
        desk.traffic.known = view(shop_routes(green=False))

        found = await desk.look()

        assert isinstance(found, Done) is is_done


async def test_what_is_awaited_has_a_limit_if_the_plan_says_so() -> None:
    desk = Desk(made(StepKind.AWAIT_ROUTES, cluster="green", timeout_s=10.0))
    desk.traffic.known = view(shop_routes(green=False))
    steps = await desk.begin(started("step"))

    early = await steps.look(desk.step)
    await desk.clock.advance(10.0)
    late = await steps.look(desk.step)

    assert isinstance(early, Waits)
    assert early.until == desk.clock.now()
    assert isinstance(late, Failed)
    assert late.reason.startswith("not within 10 s: green has no ready endpoint")


async def test_an_approval_waits_for_its_gate() -> None:
    assert isinstance(await Desk(approval("go", Stage.SHIFT)).look(), Waits)
    given = await Desk(approval("go", Stage.SHIFT)).look(
        signal("approve", gate="go", key="go-approval")
    )
    assert given == Done(reason="approved by executor")


async def test_a_hold_whose_time_is_over_passes() -> None:
    assert isinstance(await Desk(hold("verify", Stage.VERIFY, 0.0)).look(), Done)


async def test_a_hold_does_not_pass_while_somebody_else_has_changed_the_gateway() -> None:
    desk = Desk(hold("verify", Stage.VERIFY, 0.0))
    seen = Observation(convergence=Convergence.FOREIGN_CHANGE, reason="other routes", instances=1)
    _show(desk, seen)

    found = await desk.look()

    assert isinstance(found, Waits)
    assert found.reason == "somebody else has changed the gateway: other routes"
    assert found.judged is not None


@pytest.mark.parametrize(
    "convergence", [Convergence.UNKNOWN, Convergence.PENDING, Convergence.REFUSED]
)
async def test_a_hold_does_not_pass_while_the_gateway_does_not_answer_as_it_should(
    convergence: Convergence,
) -> None:
    desk = Desk(hold("verify", Stage.VERIFY, 0.0))
    _show(desk, Observation(convergence=convergence, reason="1 s ago", instances=1))

    found = await desk.look()

    assert isinstance(found, Waits)
    assert found.reason == f"the gateway does not show what is wanted of it ({convergence})"


async def test_only_a_hold_that_has_begun_is_measured_while_it_is_paused() -> None:
    idle = Desk(made(StepKind.PROVE_IDLE, cluster="blue"))
    fresh, begun = (Desk(hold("verify", Stage.VERIFY, 0.0)) for _ in range(2))
    (await idle.begin(started("step"))).keep_up()
    (await fresh.begin()).keep_up()
    (await begun.begin(started("verify"))).keep_up()
    over = Desk(hold("verify", Stage.VERIFY, 0.0))
    (await over.begin(started("verify"), ended("verify"))).keep_up()

    assert [d.metrics.wanted for d in (idle, fresh, over)] == [None, None, None]
    assert begun.metrics.wanted is not None


def _show(desk: Desk, seen: Observation) -> None:
    async def observe() -> Observation:
        return seen

    desk.traffic.observe = observe  # type: ignore[method-assign]  # what the gateway shows


async def test_weights_that_are_live_already_are_done() -> None:
    desk = Desk(weights(0))
    steps = await desk.begin()

    assert await steps.observe(desk.step) == Done(reason="it was so already")


async def test_a_cluster_with_weight_or_open_requests_is_not_retired() -> None:
    desk = Desk(made(StepKind.RETIRE, Stage.RETIRE, cluster="blue"))
    steps = await desk.begin()

    found = await steps.observe(desk.step)
    assert found == Waits(reason="blue has weight, and is not retired")

    desk.step = made(StepKind.RETIRE, Stage.RETIRE, cluster="green")
    _show(desk, observed(active=0))
    assert await steps.observe(desk.step) == Absent()
    green = ClusterTraffic(
        requests_total=1, requests_active=2, endpoints_healthy=1, failures_total=0
    )
    seen = Observation(convergence=Convergence.CONVERGED, traffic={Cluster.GREEN: green})
    _show(desk, seen)
    found = await steps.observe(desk.step)
    assert found == Waits(reason="green has requests or streams open, and is not retired")


async def test_whether_a_hook_has_run_cannot_be_seen() -> None:
    desk = Desk(hook("move", Stage.SHIFT))
    steps = await desk.begin()

    assert isinstance(await steps.observe(desk.step), Unknown)
    assert not steps.is_repeatable(desk.step)
    assert steps.is_repeatable(hook("warm", Stage.SHIFT, is_repeatable=True))
    assert steps.is_repeatable(weights(5))


async def test_an_arrangement_is_sent_after_it_was_recorded() -> None:
    desk = Desk(arrange("preview-on", Stage.VERIFY, Arrangement(preview=PREVIEW)))
    desk.traffic.when_sent = lambda: kinds.append(desk.disk.records[-1].entry.kind)
    kinds: list[str] = []

    assert await desk.act() == Done()

    assert kinds == ["upgrade_step_started"]
    assert desk.traffic.arrangement == Arrangement(preview=PREVIEW)
    assert desk.ledger.state.arrangement == Arrangement(preview=PREVIEW)


async def test_a_cluster_is_retired_by_the_gateway() -> None:
    desk = Desk(made(StepKind.RETIRE, Stage.RETIRE, cluster="blue"))

    assert await desk.act() == Done()

    assert desk.traffic.retired == desk.ledger.state.retired == {Cluster.BLUE}


@pytest.mark.parametrize(
    "error",
    [DriverError("no", remedy="do"), OutcomeUnknownError("no", remedy="do")],
    ids=["refused", "unknown"],
)
async def test_what_the_gateway_refuses_is_told(error: DriverError) -> None:
    desk = Desk(arrange("preview-on", Stage.VERIFY, Arrangement()))
    desk.traffic.failures = [error]

    assert await desk.act() == Refused(reason="no", remedy="do")


async def test_a_passive_step_does_not_act() -> None:
    desk = Desk(hold("verify", Stage.VERIFY, 1.0))
    steps = await desk.begin()

    assert await steps.observe(desk.step) == Absent()
    with pytest.raises(InvariantError, match="does not act"):
        await steps.act(desk.step, started("verify"))


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (DriverError("no"), Failed(reason="no")),
        (OutcomeUnknownError("late"), InDoubt(reason="late")),
    ],
    ids=["failed", "in doubt"],
)
async def test_how_a_hook_ends_decides(error: DriverError, result: Result) -> None:
    desk = Desk(hook("move", Stage.SHIFT))
    desk.hooks.failures = [error]

    assert await desk.act() == result


async def test_a_hook_without_limits_has_one() -> None:
    desk = Desk(made(StepKind.HOOK))

    assert await desk.act() == Done(output={"last_words": "done"})

    assert desk.hooks.ran[0].argv == ()
    assert desk.hooks.ran[0].timeout_s == 300.0


async def test_a_change_of_weights_bears_the_order_that_asked_for_it_once() -> None:
    plan = build_plan([weights(5), hold("h", Stage.SHIFT, 1.0)])
    desk = Desk(plan.steps[0])
    steps = await desk.begin(plan=plan)
    await desk.clock.drive(steps.act(plan.steps[0], started("shift-5")))
    run = desk.ledger.state.upgrade
    assert run is not None
    back = plan_rollback(run, order_id=CommandId("o9"))[0]

    assert desk.ledger.state.recent[-1].order_id == "run-1:shift-5:1"
    assert back.args["order_id"] == "o9"


async def test_the_weights_of_the_plan_are_brought_back_when_the_clusters_are_ready() -> None:
    desk = Desk(hold("h", Stage.SHIFT, 1.0))
    steps = await desk.begin()

    desk.traffic.known = view(green=AWAY)
    assert isinstance(await steps.bring_back(percent(5), CommandId("a")), Waits)
    desk.traffic.known = view()
    desk.traffic.failures = [DriverError("no")]
    refused = await desk.clock.drive(steps.bring_back(percent(5), CommandId("b")))
    done = await desk.clock.drive(steps.bring_back(percent(5), CommandId("c")))

    assert refused == Refused(reason="no")
    assert done == Done()
    assert desk.traffic.live == percent(5)


async def test_weights_are_not_brought_back_beside_another_writer_of_the_gateway() -> None:
    desk = Desk(hold("h", Stage.SHIFT, 1.0, Gates()))
    steps = await desk.begin()
    agic = Finding(severity=Severity.BLOCKER, code="AgicInside", subject="green", message="is back")
    desk.checks.findings = (agic,)

    found = await desk.clock.drive(steps.bring_back(percent(5), CommandId("a")))

    assert found == Waits(reason="green: is back")
    assert desk.traffic.live != percent(5)


async def test_updates_are_counted_where_the_gateway_has_any() -> None:
    desk = Desk(weights(5))
    steps = await desk.begin()
    none = steps.count_updates()

    desk.traffic.updates = 3

    assert none is None
    assert steps.count_updates() == Updates(total=3, is_by_steps=False)


async def test_hands_are_for_an_upgrade_that_is_under_way() -> None:
    desk = Desk(hold("h", Stage.SHIFT, 1.0, Gates()))
    journal = FakeJournal(desk.disk)
    ledger = Ledger(journal, await open_history(journal, BLUE, desk.clock), desk.clock)
    changer = Changer(ledger, desk.traffic, FakeWitness(), desk.clock)
    steps = Steps(ledger, changer, desk.tools, is_called_back=never)

    with pytest.raises(InvariantError, match="no upgrade is under way"):
        await steps.look(desk.step)


def test_every_kind_is_either_looked_at_or_acted_on() -> None:
    active = {StepKind.ARRANGE, StepKind.SET_WEIGHTS, StepKind.HOOK, StepKind.RETIRE}

    assert set(StepKind) - PASSIVE_KINDS == active | VERBS.keys()
