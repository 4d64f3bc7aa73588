from dataclasses import replace

from bascule.checks.appgw.facts import AppGwFacts
from bascule.checks.azure.facts import ControllerFacts, ControllerKind, InsideFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.inventory import ClusterFacts
from bascule.gateway.driver import Convergence, Observation
from bascule.ids import Cluster
from bascule.inventory.live import LiveChecks
from bascule.inventory.survey import LOOK_MAX_S, SURVEY_S, Survey
from tests.support.appgw_facts import FINE
from tests.support.inventories import facts, inventory
from tests.support.virtual_clock import VirtualClock

AGIC = ControllerFacts(kind=ControllerKind.DEPLOYMENT, namespace="kube-system", name="agic")


class World:
    """Two clusters and a gateway that count how often they are asked."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.asked: list[str] = []
        self.inside = InsideFacts()
        self.survey = Survey(
            {Cluster.BLUE: self.look_at_blue, Cluster.GREEN: self.look_at_green},
            self.look_at_gateway,
            self.clock,
        )

    async def look_at_blue(self) -> InsideFacts:
        self.asked.append("blue")
        return self.inside

    async def look_at_green(self) -> InsideFacts:
        self.asked.append("green")
        return InsideFacts()

    async def look_at_gateway(self) -> AppGwFacts:
        self.asked.append("gateway")
        return FINE


async def test_both_clusters_and_the_gateway_are_asked() -> None:
    world = World()

    seen = await world.survey.complete(inventory())

    assert dict(seen.inside) == dict.fromkeys(Cluster, InsideFacts())
    assert seen.appgw == FINE
    assert sorted(world.asked) == ["blue", "gateway", "green"]


async def test_answers_stand_for_a_while_and_are_then_asked_for_anew() -> None:
    world = World()
    await world.survey.complete(inventory())
    await world.clock.advance(SURVEY_S / 2)
    await world.survey.complete(inventory())
    early = len(world.asked)
    await world.clock.advance(SURVEY_S / 2)

    world.inside = InsideFacts(controllers=(AGIC,))
    seen = await world.survey.complete(inventory())

    assert (early, len(world.asked)) == (3, 6)
    assert seen.inside[Cluster.BLUE] == world.inside


async def test_a_cluster_that_is_away_or_not_there_yet_is_not_asked() -> None:
    world = World()
    away = inventory(facts(reason="refused"), replace(facts(), is_awaited=True))

    seen = await world.survey.complete(away)

    assert (world.asked, dict(seen.inside)) == (["gateway"], {})


async def test_a_cluster_that_does_not_answer_in_time_is_not_known() -> None:
    async def look() -> InsideFacts:
        raise TimeoutError

    seen = await Survey({Cluster.BLUE: look}, None, VirtualClock()).complete(inventory())

    reason = f"no answer within {LOOK_MAX_S:g} s"
    assert seen.inside == {Cluster.BLUE: Unreadable(what="what runs in blue", reason=reason)}
    assert seen.appgw is None


async def test_a_controller_that_comes_during_an_upgrade_is_found_by_its_checks() -> None:
    world = World()
    world.inside = InsideFacts(controllers=(AGIC,))

    async def observe() -> Observation:
        return Observation(convergence=Convergence.CONVERGED)

    found = await LiveChecks(inventory, observe, world.clock, survey=world.survey).find()

    assert "AgicInside" in [finding.code for finding in found]


async def test_who_else_writes_the_gateway_is_found_before_all_is_listed() -> None:
    world = World()
    world.inside = InsideFacts(controllers=(AGIC,))

    async def observe() -> Observation:
        return Observation(convergence=Convergence.FOREIGN_CHANGE, reason="the portal")

    checks = LiveChecks(
        lambda: inventory(green=ClusterFacts(name="new")),
        observe,
        world.clock,
        survey=world.survey,
    )

    found = await checks.find_writers()

    assert [(each.code, each.subject) for each in found] == [
        ("AgicInside", "blue"),
        ("ForeignWriter", "gateway"),
    ]


async def test_where_nobody_else_writes_nobody_is_asked() -> None:
    async def observe() -> Observation:
        raise AssertionError("nobody asks")

    clock = VirtualClock()
    for survey in (None, Survey({}, None, clock)):
        checks = LiveChecks(inventory, observe, clock, survey=survey)

        assert await checks.find_writers() == ()
