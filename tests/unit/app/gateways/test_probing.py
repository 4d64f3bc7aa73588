import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bascule.app.gateways.probing import BackendDesk
from bascule.azure.client import Accepted
from bascule.azure.document import Document
from bascule.azure.operations import Outcome
from bascule.errors import BasculeError, ForbiddenError, TransportError
from bascule.gateway.appgw.health import find_pairs
from bascule.gateway.appgw.judging_health import NOTHING_HEALTHY
from bascule.ids import Cluster
from bascule.upgrade.ports import Asked
from tests.support.appgw_tables import SETTINGS, translate_case, whole_document
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

SHOP = """
ingresses: [{hosts: [a.test]}]
services: {web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}}
"""
WEB = "bsc-pool-green_shop_web_http"


def every(host: str) -> bool:
    return bool(host)


@dataclass
class Gateway:
    """Tells the same of all backends of a cluster, once `may_answer`."""

    health: str = "Healthy"
    blue: str = "Healthy"
    error: BasculeError | None = None
    questions: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, resource: str, /) -> Document | None:
        del resource
        return whole_document(translate_case(SHOP))

    async def post(self, resource: str, action: str, body: Document | None = None, /) -> Accepted:
        del action, body
        self.questions += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        document = await self.get(resource)
        server = {"address": "10.1.0.1", "health": self.health, "healthProbeLog": "Time-out."}
        well = {"address": "10.0.0.1", "health": self.blue}

        def tell(pool: str) -> list[dict[str, str]]:
            return [server if "green" in pool else well]

        return Accepted(
            document={
                "backendAddressPools": [
                    {
                        "backendAddressPool": {"id": pair.pool},
                        "backendHttpSettingsCollection": [
                            {
                                "backendHttpSettings": {"id": pair.settings},
                                "servers": tell(pair.pool),
                            }
                        ],
                    }
                    for pair in find_pairs(document or {}, prefix="bsc-")
                ]
            }
        )

    async def wait(self, operation_url: str, /, *, limit_s: float) -> Outcome:
        raise AssertionError(f"{operation_url} {limit_s}")


@dataclass
class World:
    gateway: Gateway
    clock: VirtualClock
    desk: BackendDesk

    def ask(self, within_s: float = 60.0) -> Asked:
        return self.desk.ask(Cluster.GREEN, every, within_s=within_s)

    async def be_answered(self, within_s: float = 60.0) -> Asked:
        self.gateway.may_answer.set()
        await eventually(lambda: not self.ask(within_s).is_awaited)
        return self.ask(within_s)


@asynccontextmanager
async def world(**gateway: object) -> AsyncIterator[World]:
    found, clock = Gateway(**gateway), VirtualClock()  # type: ignore[arg-type]  # of the caller
    desk = BackendDesk(found, SETTINGS, clock)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(desk.run())
        yield World(found, clock, desk)
        task.cancel()


async def test_nobody_waits_for_an_answer_and_however_often_it_is_wanted_one_is_asked_for() -> None:
    async with world() as lab:
        first = [lab.ask() for _ in range(3)]
        await eventually(lambda: lab.gateway.questions)
        answered = await lab.be_answered()
        again = [lab.ask() for _ in range(3)]

    assert first == [Asked(is_awaited=True)] * 3
    assert again == [answered] * 3 == [Asked()] * 3
    assert lab.gateway.questions == 1


async def test_what_is_sick_is_told_and_asked_for_anew_once_it_is_too_old() -> None:
    async with world(health="Unhealthy") as lab:
        lab.ask()
        sick = await lab.be_answered()
        lab.gateway.may_answer.clear()
        await lab.clock.advance(61.0)
        meanwhile = lab.ask()
        held = lab.ask(within_s=300.0)
        lab.gateway.health = "Healthy"
        well = await lab.be_answered()

    assert sick == Asked(sick=f"{WEB} (10.1.0.1): Time-out.")
    assert meanwhile == Asked(is_awaited=True, sick=sick.sick)
    assert held == sick
    assert well == Asked()
    assert lab.gateway.questions == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TransportError("no way to Azure"), "no way to Azure"),
        (
            ForbiddenError("no right", status=403),
            "no right (it takes Microsoft.Network/applicationGateways/backendhealth/action)",
        ),
    ],
)
async def test_why_there_is_no_answer_is_told_and_not_asked_again_at_once(
    error: BasculeError, told: str
) -> None:
    async with world(error=error) as lab:
        lab.ask()
        found = await lab.be_answered()
        again = lab.ask()

    assert found == again == Asked(doubt=told)
    assert lab.gateway.questions == 1


async def test_a_gateway_that_reaches_nothing_holds_what_moves() -> None:
    async with world(health="Unhealthy", blue="Unhealthy") as lab:
        lab.ask()
        nothing = await lab.be_answered()

    assert NOTHING_HEALTHY in nothing.sick
    assert nothing.sick_anyway == ""
