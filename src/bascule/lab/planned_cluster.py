"""Follows the plan's file of a running cluster: control plane first, nodes after it."""

import asyncio
import logging
from pathlib import Path

import msgspec

from bascule.lab.cluster_plan import (
    APPLIED_FILE,
    PLAN_FILE,
    AddressPlan,
    Applied,
    ClusterPlan,
    load_applied,
    load_plan,
    write_json,
)
from bascule.lab.controllers.plane import ControlPlane
from bascule.lab.controllers.system.node_pools import DrainFailedError, NodePools
from bascule.lab.kubeapi.access.tokens import ISSUER
from bascule.lab.kubeapi.server import KubeApiServer
from bascule.lab.kubeapi.store import Store
from bascule.lab.pods.network import AddressSpan, span
from bascule.lab.signed_in import SignedInUsers, bind_roles

_log = logging.getLogger(__name__)


def build_span(plan: AddressPlan) -> AddressSpan:
    """Return the addresses that a plan names."""
    return span(plan.first, plan.last, plan.bound_to)


class PlannedCluster:
    """Makes the cluster what its plan says whenever it is told to look again."""

    def __init__(
        self, directory: Path, store: Store, server: KubeApiServer, plane: ControlPlane
    ) -> None:
        self._directory = directory
        self._server = server
        self._plane = plane
        self._store = store
        self._pools = NodePools(store, plane.nodes)
        self._users = SignedInUsers(directory, store.clock)
        server.attach(outer=self._users.find)
        self._changed = asyncio.Event()
        self._changed.set()

    def look_again(self) -> None:
        """Read the plan's file as soon as what is being done is done."""
        self._changed.set()

    async def follow(self, version: str) -> None:
        """Bring about each plan, until cancelled; `version` is what the server began with."""
        outcome = self._directory / APPLIED_FILE
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                plan = load_plan(self._directory / PLAN_FILE)
            except (OSError, msgspec.MsgspecError) as error:
                _log.error("%s cannot be read: %s", PLAN_FILE, error)
                continue
            before = load_applied(outcome)
            is_done = before is not None and before.generation == plan.generation
            failure = await self._apply(plan, version, is_done=is_done)
            version = plan.version
            write_json(outcome, Applied(generation=plan.generation, error=failure))

    async def _apply(self, plan: ClusterPlan, version: str, *, is_done: bool) -> str:
        self._users.sign_in = plan.sign_in
        self._server.tokens.issuer = plan.issuer or ISSUER
        if plan.sign_in is not None:
            bind_roles(self._store)
        if plan.version != version:
            await self._server.upgrade(plan.version)
            self._plane.upgrade(plan.version)
        try:
            await self._pools.apply(_without_spares(plan) if is_done else plan)
        except DrainFailedError as failure:
            _log.warning("%s", failure)
            return str(failure)
        return ""


def _without_spares(plan: ClusterPlan) -> ClusterPlan:
    """Return a plan that was brought about before: nothing is to be replaced again."""
    pools = tuple(msgspec.structs.replace(pool, spare=None) for pool in plan.pools)
    return msgspec.structs.replace(plan, pools=pools)
