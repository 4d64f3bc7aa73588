"""A gateway that asks a pool only once a rule leads there: a switch fails no request all the same.

The lab's Envoys begin such a pool without a healthy server here, as Azure does.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bascule.gateway.appgw.part import RULES
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.arm.dataplane.translate.backends import BackendOptions
from bascule.routing.weights import Split, Weights
from tests.support.appgw_tables import read_case, whole_document
from tests.support.arm_backends import BLUE, FRONTEND_ADDRESSES, GREEN, Backend, names
from tests.support.arm_gateways import BACKEND_PORT, GATEWAY, PORT
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

CASE = f"""
ingresses: [{{hosts: [{FRONTEND_ADDRESSES["public"]}]}}]
services: {{web: {{blue: ['{BLUE}:{BACKEND_PORT}'], green: ['{GREEN}:{BACKEND_PORT}']}}}}
"""
OPTIONS = BackendOptions(speed=10.0, are_new_pools_cold=True)


@dataclass(slots=True, kw_only=True)
class World:
    """A gateway before two clusters, one pod each."""

    plane: DataPlane
    green: Backend

    async def lead_to(self, cluster: Cluster, *, is_prepared: bool) -> None:
        """Bring the document in which all requests go to `cluster` to the gateway."""
        settings, table, facts = read_case(CASE)
        part = Translator(replace(settings, http_port=PORT)).translate(
            table.with_split(Split(Weights.all_to(cluster))), facts
        )
        document: dict[str, Any] = whole_document(part)
        if not is_prepared:
            rules = document["properties"][RULES]
            rules[:] = [each for each in rules if each["name"] != "bsc-prepared"]
        await self.plane.apply(
            GATEWAY,
            document,
            previous=None,
            frontend_addresses=FRONTEND_ADDRESSES,
            duration_s=0.0,
        )

    async def is_healthy(self) -> bool:
        """Whether every server that is probed is healthy."""
        found = await self.plane.health(GATEWAY)
        return all(each.health == "Healthy" for servers in found.values() for each in servers)


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    plane = DataPlane(directory, VirtualClock(), instances=1, options=OPTIONS)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Backend(name="blue", address=BLUE))
        green = await stack.enter_async_context(Backend(name="green", address=GREEN))
        await plane.open()
        try:
            yield World(plane=plane, green=green)
        finally:
            await plane.close()


async def test_a_switch_to_pools_that_are_probed_already_fails_no_request(tmp_path: Path) -> None:
    async with world(tmp_path) as lab:
        await lab.lead_to(Cluster.BLUE, is_prepared=True)
        await eventually(lab.is_healthy)
        lab.green.probes_go.clear()

        await lab.lead_to(Cluster.GREEN, is_prepared=True)

        assert await names() == {"green"}


async def test_a_switch_to_pools_that_nobody_asked_before_fails_until_they_answer(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as lab:
        await lab.lead_to(Cluster.BLUE, is_prepared=False)
        await eventually(lab.is_healthy)
        lab.green.probes_go.clear()

        await lab.lead_to(Cluster.GREEN, is_prepared=False)

        assert await names() == {"502"}
        lab.green.probes_go.set()

        async def is_served() -> bool:
            return await names() == {"green"}

        await eventually(is_served)
