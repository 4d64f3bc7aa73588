"""What every gateway driver must do.

Run against a real Envoy, the lab's Application Gateway with its live data plane, the fake, and
Envoys behind a gateway, both of which are fakes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from bascule.app.clock import SystemClock
from bascule.app.gateways.front import Tier
from bascule.app.gateways.tier_driver import Manner, TierDriver
from bascule.controller.holdoff import HoldOff
from bascule.errors import DriverError
from bascule.gateway.driver import (
    Applied,
    ClusterTraffic,
    Convergence,
    GatewayDriver,
    Histogram,
)
from bascule.ids import Cluster
from bascule.kube.backoff import Backoff
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Mirror, Preview
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import Host, RouteSet
from bascule.routing.weights import Split, Weights
from tests.support import tables
from tests.support.appgw_world import AppGwWorld, appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.envoy_world import envoy_world
from tests.support.fake_driver import FakeDriver
from tests.support.network import free_port
from tests.support.tables import ALL_BLUE, ALL_GREEN

HOST = "shop.example.com"
ARRANGED = Arrangement(
    preview=Preview(header="x-bascule-preview", hosts={"next.example.com": HOST}),
    mirror=Mirror(share_bp=1_000),
    affinity=Affinity(kind=AffinityKind.HEADER, name="x-user"),
)
PREVIEWED = Arrangement(
    preview=Preview(hosts={"next.example.com": HOST}), affinity=Affinity(name="user")
)
UNABLE = {
    "a header's preview": Arrangement(preview=Preview(header="x-bascule-preview")),
    "a mirror": Arrangement(mirror=Mirror(share_bp=1_000)),
    "a header's affinity": Arrangement(affinity=Affinity(kind=AffinityKind.HEADER, name="x-user")),
}
"""What not every gateway can arrange."""
TIER = Tier(listen="127.0.0.1", port=8080, addresses=("127.0.0.2",))
MANNER = Manner(
    hold_off=HoldOff(),
    retry=Backoff(),
    rng=Random(1),  # noqa: S311 - it must be the same every time
)
MEASURED = ClusterTraffic(
    requests_total=0,
    requests_active=0,
    endpoints_healthy=1,
    failures_total=0,
    completed_total=0,
    abandoned_total=0,
    latency=Histogram(bounds_ms=(1.0, 5.0), counts=(0, 0, 0)),
)


@dataclass(slots=True, kw_only=True)
class Bench:
    """A driver, routes that it can serve, and routes that its gateway refuses."""

    driver: GatewayDriver
    routes: RouteSet
    other_routes: RouteSet
    fake: FakeDriver | None = None
    azure: AppGwWorld | None = None
    arranged: Arrangement = ARRANGED
    """All that this gateway can arrange."""

    @property
    def some(self) -> Weights:
        """Weights other than all to blue: a quarter to blue, where the gateway can do that."""
        is_able = 2_500 % self.driver.capabilities().weight_step_bp == 0
        return Weights(2_500) if is_able else ALL_GREEN

    async def apply(
        self,
        default: Weights = ALL_BLUE,
        routes: RouteSet | None = None,
        arrangement: Arrangement = NOTHING_ARRANGED,
        **hosts: Weights,
    ) -> Applied:
        split = {name.replace("_", "."): weights for name, weights in hosts.items()}
        table = tables.table(routes or self.routes, default, split, arrangement)
        return await self.driver.apply(table, EMPTY_STORE)

    async def apply_refused(self) -> None:
        """Apply a table that the gateway says no to."""
        if self.fake is not None:
            self.fake.fail_next(DriverError("refused"))
        if self.azure is not None:
            self.azure.refuse_next_put()
        address = "nowhere" if self.azure is None else "127.0.0.2"
        bad = tables.backend(Cluster.BLUE, "web", 80, address=address)
        refused = tables.host(HOST, tables.route(bad, None))
        await self.apply(routes=_with_port(self.routes, refused))

    async def split(self) -> Split | None:
        return (await self.driver.observe()).split


def _with_port(routes: RouteSet, *hosts: Host) -> RouteSet:
    return tables.route_set(hosts, port=routes.listeners[0].port)


def _make_routes(*paths: str) -> RouteSet:
    pair = (tables.backend(cluster, "web", 9) for cluster in Cluster)
    blue, green = pair
    found = [tables.route(blue, green, path=path) for path in paths]
    return tables.route_set([tables.host(HOST, *found)], port=free_port())


class FixedTraffic:
    """Counts the same for both clusters."""

    async def read(self) -> Mapping[Cluster, ClusterTraffic]:
        return dict.fromkeys(Cluster, MEASURED)


@asynccontextmanager
async def _open_bench(ground: str | AzureSite, state: Path) -> AsyncIterator[Bench]:
    routes = _make_routes("/")
    other = _with_port(routes, *_make_routes("/other", "/").hosts)
    if isinstance(ground, AzureSite):
        async with (
            appgw_world(ground, state) as azure,
            azure.driver(FixedTraffic(), http_port=routes.listeners[0].port) as driver,
        ):
            yield Bench(
                driver=driver,
                routes=routes,
                other_routes=other,
                azure=azure,
                arranged=PREVIEWED,
            )
    elif ground == "fake":
        fake = FakeDriver(SystemClock())
        yield Bench(driver=fake, routes=routes, other_routes=other, fake=fake)
    elif ground == "tier":
        envoys, front = FakeDriver(SystemClock()), FakeDriver(SystemClock())
        tier = TierDriver(envoys, front, TIER, clock=SystemClock(), manner=MANNER)
        yield Bench(driver=tier, routes=routes, other_routes=other, fake=envoys)
    else:
        async with envoy_world(state) as world:
            yield Bench(driver=world.driver, routes=routes, other_routes=other)


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure"), is_live=True) as site:
        yield site


@pytest.fixture(
    params=["fake", "tier", "envoy", pytest.param("appgw", marks=pytest.mark.timeout(240))]
)
def ground(request: pytest.FixtureRequest) -> str | AzureSite:
    if request.param != "appgw":
        return str(request.param)
    # Other tests may have the machine's one place for an Azure: hence the time-out.
    found: AzureSite = request.getfixturevalue("azure")
    return found


@pytest.fixture
async def bench(ground: str | AzureSite, tmp_path: Path) -> AsyncIterator[Bench]:
    async with _open_bench(ground, tmp_path) as opened:
        yield opened


async def test_nothing_is_live_before_the_first_table(bench: Bench) -> None:
    observed = await bench.driver.observe()

    assert observed.convergence in {Convergence.PENDING, Convergence.UNKNOWN}
    assert observed.reason
    assert (observed.table_digest, observed.split) == (None, None)


async def test_an_applied_table_is_acknowledged_and_seen(bench: Bench) -> None:
    applied = await bench.apply()

    observed = await bench.driver.observe()
    assert observed.convergence is Convergence.CONVERGED, observed.reason
    assert applied.table_digest == observed.table_digest == tables.table(bench.routes).digest
    assert applied.acknowledged_s >= applied.sent_s
    assert applied.instances == observed.instances == 1
    assert not applied.is_split_only


async def test_the_same_table_twice_is_one_effect(bench: Bench) -> None:
    first = await bench.apply(bench.some)
    seen = await bench.driver.observe()

    second = await bench.apply(bench.some)

    again = await bench.driver.observe()
    assert first.table_digest == second.table_digest
    assert not second.is_split_only
    assert (again.convergence, again.split) == (seen.convergence, seen.split)


async def test_a_new_split_alone_is_told_apart_and_seen_at_once(bench: Bench) -> None:
    await bench.apply(ALL_BLUE)

    to_green = await bench.apply(ALL_GREEN)
    green = await bench.split()
    to_blue = await bench.apply(ALL_BLUE)
    blue = await bench.split()

    assert to_green.is_split_only
    assert to_blue.is_split_only
    assert (green, blue) == (Split(ALL_GREEN), Split(ALL_BLUE))


async def test_new_routes_are_not_a_split_alone(bench: Bench) -> None:
    await bench.apply()

    applied = await bench.apply(ALL_GREEN, routes=bench.other_routes)

    assert not applied.is_split_only
    assert await bench.split() == Split(ALL_GREEN)


async def test_shares_are_exact_to_the_step_that_the_driver_names(bench: Bench) -> None:
    step = bench.driver.capabilities().weight_step_bp
    weights = Weights(10_000 - step)

    await bench.apply(weights)

    assert await bench.split() == Split(weights)


async def test_a_host_may_have_weights_of_its_own(bench: Bench) -> None:
    await bench.apply(ALL_BLUE, shop_example_com=ALL_GREEN)

    assert await bench.split() == Split(ALL_BLUE, {HOST: ALL_GREEN})
    await bench.apply(ALL_BLUE)
    assert await bench.split() == Split(ALL_BLUE)


async def test_a_refused_table_leaves_the_last_one_live_and_the_next_one_is_taken(
    bench: Bench,
) -> None:
    good = await bench.apply(ALL_GREEN)

    with pytest.raises(DriverError):
        await bench.apply_refused()

    observed = await bench.driver.observe()
    assert observed.table_digest == good.table_digest
    assert observed.split == Split(ALL_GREEN)
    await bench.apply(ALL_BLUE, routes=bench.other_routes)
    assert (await bench.driver.observe()).convergence is Convergence.CONVERGED


async def test_a_call_that_is_broken_off_does_no_harm_to_the_next(bench: Bench) -> None:
    await bench.apply()
    if bench.fake is not None:
        bench.fake.hold()
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(bench.apply(bench.some, routes=bench.other_routes))
        await asyncio.sleep(0)
        call.cancel()
    if bench.fake is not None:
        bench.fake.release()

    await bench.apply(ALL_GREEN)

    observed = await bench.driver.observe()
    assert observed.convergence is Convergence.CONVERGED, observed.reason
    assert observed.split == Split(ALL_GREEN)


async def test_traffic_is_told_for_both_clusters_or_not_at_all(bench: Bench) -> None:
    await bench.apply()

    traffic = (await bench.driver.observe()).traffic

    assert set(traffic) in (set(), set(Cluster))


async def test_an_arrangement_is_acknowledged_with_its_table_and_is_no_split(
    bench: Bench,
) -> None:
    await bench.apply()

    applied = await bench.apply(ALL_GREEN, arrangement=bench.arranged)

    observed = await bench.driver.observe()
    wanted = tables.table(bench.routes, ALL_GREEN, arrangement=bench.arranged)
    assert not applied.is_split_only
    assert observed.convergence is Convergence.CONVERGED, observed.reason
    assert applied.table_digest == observed.table_digest == wanted.digest


async def test_a_split_under_an_arrangement_is_a_split_alone(bench: Bench) -> None:
    await bench.apply(arrangement=bench.arranged)

    flip = await bench.apply(ALL_GREEN, arrangement=bench.arranged)
    ended = await bench.apply(ALL_GREEN)

    assert flip.is_split_only
    assert not ended.is_split_only
    assert await bench.split() == Split(ALL_GREEN)


@pytest.mark.parametrize("arrangement", UNABLE.values(), ids=UNABLE)
async def test_what_a_gateway_cannot_arrange_is_refused_and_changes_nothing(
    bench: Bench, arrangement: Arrangement
) -> None:
    able = bench.driver.capabilities()
    if able.has_mirroring and able.has_preview_by_header:
        assert (await bench.apply(arrangement=arrangement)).table_digest
        return
    good = await bench.apply()

    with pytest.raises(DriverError) as caught:
        await bench.apply(ALL_GREEN, arrangement=arrangement)

    observed = await bench.driver.observe()
    assert caught.value.remedy
    assert (observed.table_digest, observed.split) == (good.table_digest, Split(ALL_BLUE))


async def test_measured_figures_are_of_both_clusters_and_hold_latencies(bench: Bench) -> None:
    if bench.fake is not None:
        bench.fake.traffic = dict.fromkeys(Cluster, MEASURED)
    await bench.apply()

    measured = await bench.driver.measure()

    assert set(measured) == set(Cluster)
    for traffic in measured.values():
        assert traffic.latency is not None
        assert len(traffic.latency.counts) == len(traffic.latency.bounds_ms) + 1
        assert (traffic.completed_total, traffic.abandoned_total) == (0, 0)
    observed = (await bench.driver.observe()).traffic
    assert {traffic.latency for traffic in observed.values()} == {None}


async def test_what_it_can_do_is_consistent(bench: Bench) -> None:
    able = bench.driver.capabilities()

    assert 10_000 % able.weight_step_bp == 0
    assert able.traffic_kinds <= {"http1", "http2", "websocket", "grpc"}
    assert able.has_mirroring is able.has_preview_by_header is (bench.azure is None)
