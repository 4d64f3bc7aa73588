"""What the runtime answers on control.sock; nothing that is asked here changes weights."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from bascule.app import live, status
from bascule.app.foreign import ForeignDesk
from bascule.app.gateways.opening import OpenGateway
from bascule.app.knowledge import controller_document
from bascule.app.stop import Stop
from bascule.app.traffic import ControllerTraffic
from bascule.app.upgrades import choose_upgrade, upgrade_document
from bascule.app.witnessing import WitnessDesk
from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.loop import Controller
from bascule.errors import BasculeError
from bascule.gateway.appgw.rivals import tell_waiting
from bascule.gateway.driver import Convergence, Observation
from bascule.ids import Cluster, GatewayName
from bascule.journal.record import Json
from bascule.kube.client import ServerVersion
from bascule.notify.sender import NewsDesk
from bascule.routing.documents import answer_explain
from bascule.upgrade.encoding import render_split
from bascule.upgrade.executor import Executor
from bascule.upgrade.run.way_back import judge_way_back

LOOK_S = 3.0
"""How long a look at the gateway may take while somebody waits for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Knows the parts of a runtime that can be asked."""

    name: GatewayName
    gateway: OpenGateway
    controller: Controller
    executor: Executor
    witness: WitnessDesk
    news: NewsDesk
    foreign: ForeignDesk | None
    versions: Mapping[Cluster, ServerVersion]
    bell: Bell
    stop: Stop
    clock: Clock

    async def answer(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the answer to one request."""
        match request.get("op"):
            case "wake":
                self.bell.ring()
                return {"ok": True, "outcome_s": self.gateway.pace.outcome_s}
            case "prepare":
                self.witness.prepare()
                return {"ok": True}
            case "progress":
                return {"progress": self._tell_progress() or None}
            case "status":
                return await self._status()
            case "upgrade":
                return await self._upgrade(request)
            case "explain":
                view = self.controller.view()
                preview = view.wanted_arrangement.preview
                return answer_explain(view.routes, view.wanted_split, request, preview=preview)
            case "table":
                return self._table()
            case "stop":
                self.stop.ask(envoy=request.get("envoy") is True)
                return {"ok": True, "pid": os.getpid()}
            case op:
                return {"error": f"unknown op {op!r}"}

    def _tell_progress(self) -> str:
        gateway = self.gateway
        at, names = gateway.driver.progress(gateway.pace.usual_s), gateway.waited_for()
        return f"{at}; {tell_waiting(names)}" if at and names else at

    def _table(self) -> dict[str, Json]:
        view = self.controller.view()
        routes: Json = msgspec.to_builtins(view.routes, enc_hook=dict, str_keys=True)
        return {"routes": routes, "weights": render_split(view.wanted_split)}

    async def _status(self) -> dict[str, Json]:
        return {
            "gateway": self.name,
            "runtime": self._runtime(),
            **status.journal_document(self.executor.state),
            **controller_document(self.controller.view(), self.versions, now=self.clock.now()),
            "live": live.gateway_document(await self._observe()),
            **self.gateway.describe(),
            "foreign_change": None if self.foreign is None else self.foreign.document(),
            "news": self.news.status(),
        }

    async def _upgrade(self, request: Mapping[str, Json]) -> dict[str, Json]:
        state = self.executor.state
        name = request.get("name")
        try:
            run = choose_upgrade(state, name if isinstance(name, str) else None)
        except BasculeError as error:
            return {"error": error.message, "remedy": error.remedy}
        seen = await self._observe()
        view = ControllerTraffic(self.controller, self.gateway.driver).view()
        way_back = judge_way_back(run, state, view, seen, backends=self.gateway.backends)
        return {
            "gateway": self.name,
            "runtime": self._runtime(),
            **upgrade_document(run, state, live=seen.split, way_back=way_back),
        }

    async def _observe(self) -> Observation:
        """Look at the gateway; whoever asks is not kept waiting for one that is far away."""
        try:
            async with asyncio.timeout(LOOK_S):
                return await self.gateway.driver.observe()
        except TimeoutError:
            reason = f"the gateway did not answer within {LOOK_S:g} s"
            return Observation(convergence=Convergence.UNKNOWN, reason=reason)

    def _runtime(self) -> dict[str, Json]:
        trouble = self.executor.trouble
        return {"pid": os.getpid(), "trouble": trouble.message if trouble else None}
