"""Puts the contract of gateway drivers to the throw-away gateway, case by case.

The driver has a prefix and hosts of its own there; what else the gateway holds must be as it was.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bascule.errors import BasculeError, DriverError, ForeignChangeError
from bascule.gateway.appgw.errors import BusyElsewhereError
from bascule.gateway.driver import GatewayDriver
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.model import RouteSet
from scripts.azure_real.documents import with_dangling_rule
from scripts.azure_real.gateway import read
from scripts.azure_real.ground import WRITE_MAX_S, Ground
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

ADDRESSES = {Cluster.BLUE: "10.240.255.4", Cluster.GREEN: "10.240.255.5"}
"""In the nodes' subnet; nobody has them, and nobody is asked for an answer."""
CONTRACT_MAX_S = 3_600.0
"""No case is begun later than this."""
UNDER_WAY_MAX_S = 120.0


async def ask_contract(world: World) -> Fact:
    """Ask case by case, and take away again what the driver wrote."""
    before = await read(world)
    ground = Ground(world, (HOST, PREVIEW_HOST))
    deadline_s = world.arm.clock.monotonic_s() + CONTRACT_MAX_S
    results: dict[str, Fact] = {}
    for case in CASES:
        if case.needs_figures:
            results[case.text] = _untried("a question of its own: metrics")
        elif world.arm.clock.monotonic_s() >= deadline_s:
            results[case.text] = _untried(f"{CONTRACT_MAX_S:.0f} s were over")
        else:
            results[case.text] = await _try_case(world, ground, case)
        world.tell(f"  {results[case.text]['answer']:<10}  {case.text}")
    return judge_contract(results, await ground.find_left(before))


def _untried(why: str) -> Fact:
    return {"answer": NOT_ASKED, "why": why}


async def _try_case(world: World, ground: Ground, case: Case) -> Fact:
    """Return what became of a case; after one that did not hold, the gateway is cleared."""
    clock, client = world.arm.clock, world.client
    begun_s, puts = clock.monotonic_s(), client.gateway_puts
    found = await _check(world, ground, case)
    client.spoil_next = None
    took = {"took_s": round(clock.monotonic_s() - begun_s, 2)}
    result = {**found, **took, "puts": client.gateway_puts - puts}
    if found["answer"] != HELD:
        await ground.clear()
    return result


async def _check(world: World, ground: Ground, case: Case) -> Fact:
    try:
        async with asyncio.timeout(WRITE_MAX_S), ground.driver() as driver:
            await case.check(_make_bench(world, driver))
    except BrokenContractError as error:
        return {"answer": BROKEN, "why": str(error)}
    except (ForeignChangeError, BusyElsewhereError) as error:
        return {"answer": UNKNOWN, "why": error.message}
    except DriverError as error:
        return {"answer": BROKEN, "why": error.message}
    except BasculeError as error:
        return {"answer": UNKNOWN, "why": error.message}
    except TimeoutError:
        return {"answer": UNKNOWN, "why": f"no end within {WRITE_MAX_S:.0f} s"}
    return {"answer": HELD}


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
