import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bascule.app.witnessing import AFTER_S, WitnessDesk, World
from bascule.gateway.driver import ClusterTraffic, Convergence, Observation
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.routing.weights import Split, Weights
from tests.support.orders import GREEN, percent
from tests.support.virtual_clock import VirtualClock

ID = CommandId("o1")


class Gateway:
    """Counters that a test moves; blue gets a request at each reading while `is_leaking`."""

    def __init__(self) -> None:
        self.blue = 10
        self.is_leaking = False
        self.is_late = False
        self.told = 0

    async def observe(self) -> Observation:
        self.blue += self.is_leaking
        counts = {Cluster.BLUE: self.blue, Cluster.GREEN: 10}
        return Observation(
            convergence=Convergence.CONVERGED,
            traffic={
                cluster: ClusterTraffic(
                    requests_total=total,
                    requests_active=None if self.is_late else 0,
                    endpoints_healthy=1,
                    failures_total=0,
                )
                for cluster, total in counts.items()
            },
        )

    def tell(self) -> None:
        self.told += 1


@asynccontextmanager
async def at_work(
    gateway: Gateway, *, is_previewed: bool = False
) -> AsyncIterator[tuple[WitnessDesk, VirtualClock]]:
    clock = VirtualClock()
    world = World(
        targets=lambda: (),
        observe=gateway.observe,
        on_summary=gateway.tell,
        is_previewed=lambda: is_previewed,
    )
    desk = WitnessDesk(world, clock)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        await clock.settle()
        yield desk, clock
        running.cancel()


def wrong_cluster(summary: Mapping[str, Json]) -> Json:
    return summary["wrong_cluster_after_effective"]


async def watch(gateway: Gateway, wanted: Split) -> Mapping[str, Json]:
    async with at_work(gateway) as (desk, clock):
        desk.begin(ID, wanted)
        await clock.advance(0.1)
        desk.end(ID)
        await clock.advance(AFTER_S + 0.5)
        return desk.take()[ID]


async def test_an_order_is_summed_up_once_its_time_is_over() -> None:
    gateway = Gateway()
    async with at_work(gateway) as (desk, clock):
        desk.begin(ID, GREEN)
        desk.end(ID)
        await clock.advance(AFTER_S / 2)
        early = desk.take()
        await clock.advance(AFTER_S)

        assert early == {}
        assert set(desk.take()) == {ID}
        assert desk.take() == {}
        assert gateway.told == 1


async def test_requests_to_the_cluster_that_gets_nothing_are_counted() -> None:
    leaking, tight = Gateway(), Gateway()
    leaking.is_leaking = True

    assert wrong_cluster(await watch(leaking, GREEN)) == 1
    assert wrong_cluster(await watch(tight, GREEN)) == 0


async def test_what_a_gateway_counts_late_is_not_known() -> None:
    late = Gateway()
    late.is_late = late.is_leaking = True

    assert wrong_cluster(await watch(late, GREEN)) is None


async def test_previews_that_reach_the_idle_cluster_are_not_held_against_the_switch() -> None:
    gateway = Gateway()
    gateway.is_leaking = True
    async with at_work(gateway, is_previewed=True) as (desk, clock):
        desk.begin(ID, GREEN)
        await clock.advance(0.1)
        desk.end(ID)
        await clock.advance(AFTER_S + 0.5)
        summary = desk.take()[ID]

    rules = summary["rules"]
    assert isinstance(rules, list)
    assert [r["holds"] for r in rules if isinstance(r, dict) and r["number"] == 4] == [None]
    assert wrong_cluster(summary) == 1


async def test_while_both_clusters_may_answer_none_is_the_wrong_one() -> None:
    own = Split(GREEN.default, {"shop.example.com": Weights(10_000)})

    assert wrong_cluster(await watch(Gateway(), percent(50))) is None
    assert wrong_cluster(await watch(Gateway(), own)) is None


async def test_the_next_order_ends_the_time_of_the_one_before() -> None:
    gateway = Gateway()
    gateway.is_leaking = True
    async with at_work(gateway) as (desk, clock):
        desk.begin(ID, GREEN)
        await clock.advance(0.1)
        desk.end(ID)
        await clock.advance(0.1)
        desk.begin(CommandId("o2"), percent(50))
        await clock.advance(0.2)

        found = desk.take()

    assert set(found) == {ID}
    assert wrong_cluster(found[ID]) is None


async def test_an_order_that_nobody_began_is_not_ended() -> None:
    async with at_work(Gateway()) as (desk, clock):
        desk.end(ID)
        await clock.advance(AFTER_S)

        assert desk.take() == {}
