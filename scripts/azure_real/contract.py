"""Puts the contract of gateway drivers to the throw-away gateway, case by case.

The driver has a prefix and hosts of its own there; what else the gateway holds must be as it was.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bascule.azure.document import Document, object_at
from bascule.errors import BasculeError, DriverError, ForeignChangeError
from bascule.gateway.appgw.adoption import OUR_TAGS, without_names
from bascule.gateway.appgw.difference import diff_documents, lines_of
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.errors import BusyElsewhereError
from bascule.gateway.appgw.merge import merge
from bascule.gateway.appgw.operations import FileOperationLog
from bascule.gateway.appgw.part import Part
from bascule.gateway.appgw.settings import PREFIX, AppGwSettings
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.driver import GatewayDriver
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.model import RouteSet
from scripts.azure_real.documents import with_dangling_rule
from scripts.azure_real.gateway import read
from scripts.azure_real.judging import Fact
from scripts.azure_real.judging_contract import BROKEN, HELD, NOT_ASKED, UNKNOWN, judge_contract
from scripts.azure_real.world import World
from scripts.driver_contract.bench import (
    HOST,
    PREVIEW_HOST,
    BrokenContractError,
    build_routes,
)
from scripts.driver_contract.cases import ARRANGED_BY_HOST, CASES, Case

OWNER = "azure-real"
ADDRESSES = {Cluster.BLUE: "10.240.255.4", Cluster.GREEN: "10.240.255.5"}
"""In the nodes' subnet; nobody has them, and nobody is asked for an answer."""
CASE_MAX_S = 900.0
"""How long one case may take: three or four changes of the gateway."""
CONTRACT_MAX_S = 3_600.0
"""No case is begun later than this."""
UNDER_WAY_MAX_S = 120.0
LINES_MAX = 20


async def ask_contract(world: World) -> Fact:
    """Ask case by case, and take away again what the driver wrote."""
    before = await read(world)
    ground = _Ground(world)
    deadline_s = world.arm.clock.monotonic_s() + CONTRACT_MAX_S
    results: dict[str, Fact] = {}
    for case in CASES:
        if case.needs_figures:
            results[case.text] = _untried("a question of its own: metrics")
        elif world.arm.clock.monotonic_s() >= deadline_s:
            results[case.text] = _untried(f"{CONTRACT_MAX_S:.0f} s were over")
        else:
            results[case.text] = await ground.try_case(case)
        world.tell(f"  {results[case.text]['answer']:<10}  {case.text}")
    return judge_contract(results, await ground.find_left(before))


def _untried(why: str) -> Fact:
    return {"answer": NOT_ASKED, "why": why}


class _Ground:
    """One writer, as a process has one, and a driver of its own for each case."""

    def __init__(self, world: World) -> None:
        self._world = world
        gateway_id = str(world.ids().gateway)
        self._settings = AppGwSettings(
            gateway_id=gateway_id,
            owner=OWNER,
            http_port=world.settings.port,
            hosts=(HOST, PREVIEW_HOST),
        )
        self.owns = Owns(prefix=PREFIX, owner=OWNER)
        self._writer = GatewayWriter(
            world.client,
            gateway_id,
            clock=world.arm.clock,
            operations=FileOperationLog(world.directory / "gateway-operations.json"),
            owns=self.owns,
            fence=_hold_nothing,
            limit_s=CASE_MAX_S,
        )

    async def try_case(self, case: Case) -> Fact:
        """Return what became of a case; after one that did not hold, the gateway is cleared."""
        clock, client = self._world.arm.clock, self._world.client
        begun_s, puts = clock.monotonic_s(), client.gateway_puts
        found = await self._check(case)
        client.spoil_next = None
        took = {"took_s": round(clock.monotonic_s() - begun_s, 2)}
        result = {**found, **took, "puts": client.gateway_puts - puts}
        if found["answer"] != HELD:
            await self._clear()
        return result

    async def _check(self, case: Case) -> Fact:
        try:
            async with asyncio.timeout(CASE_MAX_S), self._driver() as driver:
                await case.check(_make_bench(self._world, driver))
        except BrokenContractError as error:
            return {"answer": BROKEN, "why": str(error)}
        except (ForeignChangeError, BusyElsewhereError) as error:
            return {"answer": UNKNOWN, "why": error.message}
        except DriverError as error:
            return {"answer": BROKEN, "why": error.message}
        except BasculeError as error:
            return {"answer": UNKNOWN, "why": error.message}
        except TimeoutError:
            return {"answer": UNKNOWN, "why": f"no end within {CASE_MAX_S:.0f} s"}
        return {"answer": HELD}

    def _driver(self) -> AppGwDriver:
        return AppGwDriver(
            writer=self._writer,
            settings=self._settings,
            owns=self.owns,
            clock=self._world.arm.clock,
            fence=_hold_nothing,
        )

    async def find_left(self, before: Document) -> tuple[str, ...]:
        """Take away all that is the driver's; return what differs from before."""
        trouble = await self._clear()
        after = await read(self._world)
        return (*trouble, *lines_of(diff_documents(before, after, self.owns)))[:LINES_MAX]

    async def _clear(self) -> tuple[str, ...]:
        """Take it away; return why it is not, for what was found before is worth keeping."""
        try:
            await self._writer.write(self._without_ours)
        except BasculeError as error:
            return (f"not taken away: {error.message}",)
        return ()

    def _without_ours(self, document: Document) -> Document:
        bare = merge(document, Part(children={}), self.owns, pfx={}, tags={})
        return {**bare, "tags": without_names(object_at(document, "tags"), OUR_TAGS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """Implements `scripts.driver_contract.bench.Bench`."""

    world: World
    driver: GatewayDriver
    routes: RouteSet
    other_routes: RouteSet
    arranged: Arrangement

    async def prepare_refusal(self) -> RouteSet:
        """Let the next document hold a rule whose listener is not there, which Azure refuses."""
        self.world.client.spoil_next = with_dangling_rule
        address = {Cluster.BLUE: "10.240.255.6"}
        return build_routes("/", addresses=address, port=self.routes.listeners[0].port)

    async def break_off(self, call: Callable[[], Awaitable[object]]) -> None:
        """Break it off once Azure has taken its PUT, which then goes on without us."""
        taken = asyncio.Event()
        self.world.client.tell_taken = taken.set

        async def begin() -> None:
            await call()

        async with asyncio.timeout(UNDER_WAY_MAX_S), asyncio.TaskGroup() as tasks:
            begun, waited = tasks.create_task(begin()), tasks.create_task(taken.wait())
            await asyncio.wait((begun, waited), return_when=asyncio.FIRST_COMPLETED)
            begun.cancel()
            waited.cancel()

    def prepare_figures(self) -> None:
        """Do nothing: no case about figures is asked here."""


def _make_bench(world: World, driver: GatewayDriver) -> _Bench:
    port = world.settings.port
    return _Bench(
        world=world,
        driver=driver,
        routes=build_routes("/", addresses=ADDRESSES, port=port),
        other_routes=build_routes("/other", "/", addresses=ADDRESSES, port=port),
        arranged=ARRANGED_BY_HOST,
    )


def _hold_nothing() -> None:
    """Nobody else owns the throw-away gateway."""
