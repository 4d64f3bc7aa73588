import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from bascule.app.gateways.breaking_glass import (
    RETRY_S,
    KeepsWayBack,
    Place,
    WayBack,
    WayBackKeeper,
    find_left_out,
    find_way_back,
)
from bascule.app.state_dir import StateDir
from bascule.azure.document import Document
from bascule.errors import TransportError
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.ownership import OWNER_TAG
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import RoutingTable
from tests.support.fake_driver import FakeDriver
from tests.support.tables import ALL_GREEN, backend, host, route, route_set, table
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

PAUSE_S = 5.0
WEB = backend(Cluster.BLUE, "web", 80)
ONE = table(route_set([host("a.test", route(WEB, None))]))
OTHER = table(route_set([host("b.test", route(WEB, None))]))


@dataclass(slots=True)
class World:
    """A gateway, how often it was looked at, and what was built of it."""

    state_dir: StateDir
    pause_s: float
    clock: VirtualClock = field(default_factory=VirtualClock)
    etag: str = "1"
    owner: str = "shop"
    looks: int = 0
    failures: list[Exception] = field(default_factory=list)
    built: list[tuple[str, str, Cluster]] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = Place(
            client=self,
            settings=AppGwSettings(gateway_id="/gw", owner="shop"),
            state_dir=self.state_dir,
            clock=self.clock,
            pause_s=self.pause_s,
        )
        self.keeper = WayBackKeeper(place, self.build)

    keeper: WayBackKeeper = field(init=False)

    async def get(self, resource: str, /) -> Document | None:
        assert resource == "/gw"
        self.looks += 1
        if self.failures:
            raise self.failures.pop(0)
        return {"etag": self.etag, "tags": {OWNER_TAG: self.owner}}

    async def list(self, *_: object) -> tuple[Document, ...]:
        return ()

    def build(self, document: Document, wanted: RoutingTable, cluster: Cluster) -> WayBack:
        etag, name = str(document["etag"]), wanted.routes.hosts[0].name
        self.built.append((etag, name, cluster))
        shown = MappingProxyType({"etag": etag, "to": cluster, "of": name})
        return WayBack(document=shown, left_out=(name,))

    async def until(self, *, looks: int, built: int) -> None:
        """Return once it was looked at and built so often, for both clusters each time."""
        await eventually(lambda: (self.looks, len(self.built)) == (looks, 2 * built))


@asynccontextmanager
async def keeping(directory: Path, pause_s: float = 0.0) -> AsyncIterator[World]:
    world = World(StateDir(directory), pause_s)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.keeper.keep_written())
        yield world
        task.cancel()


async def test_both_clusters_documents_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as world:
        world.keeper.note(ONE)
        await eventually(find_way_back(world.state_dir, Cluster.GREEN).exists)

    for cluster in Cluster:
        file = find_way_back(world.state_dir, cluster)
        assert json.loads(file.read_bytes()) == {"etag": "1", "to": cluster, "of": "a.test"}
        assert file.stat().st_mode & 0o777 == 0o600
        assert json.loads(find_left_out(world.state_dir, cluster).read_bytes()) == ["a.test"]


async def test_another_split_changes_nothing_and_other_routes_or_another_write_do(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path) as world:
        world.keeper.note(ONE)
        await world.until(looks=1, built=1)
        world.keeper.note(table(ONE.routes, ALL_GREEN))
        await world.until(looks=2, built=1)
        world.keeper.note(OTHER)
        await world.until(looks=3, built=2)
        world.etag = "2"
        world.keeper.ring()
        await world.until(looks=4, built=3)

    of = [(etag, name) for etag, name, cluster in world.built if cluster is Cluster.BLUE]
    assert of == [("1", "a.test"), ("1", "b.test"), ("2", "b.test")]


async def test_tables_that_come_fast_are_one_look_a_pause(tmp_path: Path) -> None:
    async with keeping(tmp_path, PAUSE_S) as world:
        world.keeper.note(ONE)
        await eventually(lambda: world.clock.next_deadline_s is not None)
        for _ in range(9):
            world.keeper.note(ONE)
        world.keeper.note(OTHER)
        await world.clock.advance(PAUSE_S / 2)
        early = world.looks
        await world.clock.advance(PAUSE_S / 2)
        await world.until(looks=2, built=2)

    assert early == 1
    assert {name for _, name, _ in world.built[2:]} == {"b.test"}


async def test_of_a_gateway_of_somebody_else_nothing_is_kept(tmp_path: Path) -> None:
    async with keeping(tmp_path) as world:
        world.owner = "blog"
        world.keeper.note(ONE)
        await world.until(looks=1, built=0)
        world.owner = "shop"
        world.keeper.ring()
        await world.until(looks=2, built=1)


async def test_a_look_that_fails_is_made_again(tmp_path: Path) -> None:
    async with keeping(tmp_path) as world:
        world.failures.append(TransportError("no route to host"))
        world.keeper.note(ONE)
        await world.clock.advance(RETRY_S / 2)
        early = world.looks
        await world.clock.advance(RETRY_S / 2)
        await world.until(looks=2, built=1)

    assert early == 1


async def test_before_the_first_table_nothing_is_looked_at(tmp_path: Path) -> None:
    async with keeping(tmp_path) as world:
        world.keeper.ring()
        await world.clock.settle()

    assert world.looks == 0


async def test_a_driver_tells_of_what_was_acknowledged(tmp_path: Path) -> None:
    async with keeping(tmp_path) as world:
        inner = FakeDriver(world.clock)
        driver = KeepsWayBack(inner, world.keeper)
        await driver.apply(ONE, EMPTY_STORE)
        await world.until(looks=1, built=1)

    assert driver.capabilities() == inner.capabilities()
    assert (await driver.observe()).table_digest == ONE.digest
    assert await driver.measure() == {}
