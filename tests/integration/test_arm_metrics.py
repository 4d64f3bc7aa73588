"""What gateways of the lab count is what passed through their Envoys, and probes ask servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.arm.monitor.book import Book, Pace
from bascule.lab.arm.network.plane_port import ProbeWanted
from bascule.lab.arm.resources import Document
from tests.support.arm_backends import BLUE, FRONTEND_ADDRESSES, GREEN, Backend, ask
from tests.support.arm_gateways import GATEWAY, gateway
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

GONE = BLUE.replace("10.240.", "10.243.")
LATE_S = 1e12


@dataclass(slots=True, kw_only=True)
class Metered:
    plane: DataPlane
    book: Book
    clock: VirtualClock

    async def apply(self, document: Document) -> None:
        await self.plane.apply(
            GATEWAY,
            document,
            previous=None,
            frontend_addresses=FRONTEND_ADDRESSES,
            duration_s=0.0,
        )

    async def sums(self, metric: str) -> dict[str, float]:
        """Have all counted; return the sums by the first dimension of the metric."""
        await self.clock.advance(self.book.sample_every_s)
        found = self.book.read(GATEWAY, metric, range(10**9), LATE_S)
        return {
            "/".join(value for _, value in labels): sum(f.total for f in minutes.values())
            for labels, minutes in found.items()
        }

    async def shows(self, metric: str, wanted: dict[str, float]) -> bool:
        return await self.sums(metric) == wanted


@asynccontextmanager
async def metered(directory: Path) -> AsyncIterator[Metered]:
    clock = VirtualClock()
    book = Book(Pace(minute_s=60.0, delay_s=0.0))
    plane = DataPlane(directory, clock, meter=book)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Backend(name="blue", address=BLUE))
        await stack.enter_async_context(Backend(name="green", address=GREEN))
        await plane.open()
        try:
            yield Metered(plane=plane, book=book, clock=clock)
        finally:
            await plane.close()


async def test_requests_are_counted_for_the_pool_that_answered_them(tmp_path: Path) -> None:
    async with metered(tmp_path) as world:
        await world.apply(gateway({"blue": [BLUE]}))
        for _ in range(5):
            assert (await ask("/")).status == 200
        await eventually(lambda: world.shows("TotalRequests", {"blue~web": 5.0}))

        await world.apply(gateway({"blue": [GONE]}))
        for _ in range(3):
            assert (await ask("/")).status in {502, 504}

        await eventually(lambda: world.shows("FailedRequests", {"blue~web": 3.0}))
        assert await world.sums("TotalRequests") == {"blue~web": 5.0}
        assert await world.sums("BackendResponseStatus") == {"blue/web/2xx": 5.0}
        hosts = world.book.read(GATEWAY, "HealthyHostCount", range(10**9), LATE_S)
        assert list(hosts) == [(("BackendSettingsPool", "blue~web"),)]


async def test_a_pool_that_no_rule_uses_is_probed_when_it_is_asked_for(tmp_path: Path) -> None:
    async with metered(tmp_path) as world:
        document = gateway({"blue": [BLUE], "green": [GREEN, GONE]})
        body = {"protocol": "Http", "path": "/", "timeout": 1}

        found = await world.plane.probe(document, ProbeWanted("GREEN", "web", body))
        refused = await world.plane.probe(
            document, ProbeWanted("blue", "web", {**body, "match": {"statusCodes": ["404"]}})
        )
        nothing = await world.plane.probe(document, ProbeWanted("red", "web", body))

        assert [(each.address, each.health) for each in found] == [
            (GREEN, "Healthy"),
            (GONE, "Unhealthy"),
        ]
        assert refused[0].health == "Unhealthy"
        assert "Received invalid status code: 200" in refused[0].log
        assert nothing == ()
