"""Brings the nodes of a running cluster to a plan: added, drained and removed, or replaced."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from bascule.lab.cluster_plan import ClusterPlan, NodePlan, PoolPlan
from bascule.lab.controllers.pod_state import is_finished
from bascule.lab.controllers.system.nodes import Machine, NodeController, NodeShape
from bascule.lab.kubeapi.disruptions import spend_disruption
from bascule.lab.kubeapi.lifecycle import AT_ONCE
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

DRAIN_LIMIT_S: Final = 120.0
LOOK_INTERVAL_S: Final = 0.02
POOL_LABEL: Final = "agentpool"


class DrainFailedError(Exception):
    """The pods of a node did not go in time."""


def machines_of_plan(plan: ClusterPlan) -> tuple[Machine, ...]:
    """Return the nodes of a plan, without spare ones."""
    return tuple(build_machine(plan, pool, node) for pool in plan.pools for node in pool.nodes)


def build_machine(plan: ClusterPlan, pool: PoolPlan, node: NodePlan) -> Machine:
    """Return what one node of a pool is."""
    return Machine(
        name=node.name,
        address=node.address,
        version=pool.version,
        labels={
            "node.kubernetes.io/instance-type": pool.machine,
            "topology.kubernetes.io/region": plan.region,
            "topology.kubernetes.io/zone": node.zone,
            **pool.labels,
        },
        shape=NodeShape(
            count=len(pool.nodes), cpu=pool.cpu, memory=pool.memory, pods=str(pool.pods)
        ),
        taints=tuple(_taint(text) for text in pool.taints),
        provider_id=node.provider_id,
    )


class NodePools:
    """Replaces nodes one by one as a cloud does: a spare first, then drain, renew, uncordon."""

    def __init__(
        self, store: Store, nodes: NodeController, *, drain_limit_s: float = DRAIN_LIMIT_S
    ) -> None:
        self._store = store
        self._nodes = nodes
        self._drain_limit_s = drain_limit_s

    async def apply(self, plan: ClusterPlan) -> None:
        """Have the nodes that a plan names, and no others. Raises DrainFailedError."""
        for pool in plan.pools:
            await self._bring(plan, pool)
        wanted = {node.name for pool in plan.pools for node in pool.nodes}
        for name in self._present():
            if name not in wanted:
                await self._retire(name)

    async def _bring(self, plan: ClusterPlan, pool: PoolPlan) -> None:
        if pool.spare is not None:
            self._nodes.put(build_machine(plan, pool, pool.spare))
        present = set(self._present())
        for node in pool.nodes:
            machine = build_machine(plan, pool, node)
            is_replaced = node.name in present and (
                pool.spare is not None or self._version(node.name) != pool.version
            )
            if is_replaced:
                await self._drain(node.name)
                self._end_daemons(node.name)
            self._nodes.put(machine)
            self._cordon(node.name, is_cordoned=False)
        if pool.spare is not None:
            await self._retire(pool.spare.name)

    async def _retire(self, name: str) -> None:
        await self._drain(name)
        self._nodes.forget(name)
        self._store.delete("nodes", name)

    async def _drain(self, name: str) -> None:
        """Cordon a node and evict its pods, as disruption budgets allow."""
        self._cordon(name, is_cordoned=True)
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._drain_limit_s
        while pods := tuple(self._pods_on(name)):
            reasons = [reason for pod in pods if (reason := self._evict(pod))]
            if loop.time() > deadline_s:
                raise DrainFailedError(_explain(name, pods[0], reasons))
            await asyncio.sleep(LOOK_INTERVAL_S)

    def _evict(self, pod: Object) -> str:
        """Begin to end a pod; return why it may not be, or nothing."""
        metadata = pod["metadata"]
        if "deletionTimestamp" in metadata:
            return ""
        try:
            spend_disruption(self._store, pod)
            self._store.delete("pods", metadata["name"], metadata["namespace"])
        except StatusError as refusal:
            return str(refusal)
        return ""

    def _end_daemons(self, name: str) -> None:
        for pod in self._store.list("pods").items:
            if pod["spec"].get("nodeName") == name and _is_daemon(pod):
                metadata = pod["metadata"]
                self._store.delete("pods", metadata["name"], metadata["namespace"], AT_ONCE)

    def _pods_on(self, name: str) -> Iterator[Object]:
        for pod in self._store.list("pods").items:
            is_here = pod["spec"].get("nodeName") == name
            if is_here and not is_finished(pod) and not _is_daemon(pod):
                yield pod

    def _cordon(self, name: str, *, is_cordoned: bool) -> None:
        node = self._store.find("nodes", name)
        if node is None or bool(node["spec"].get("unschedulable")) == is_cordoned:
            return
        spec = {key: value for key, value in node["spec"].items() if key != "unschedulable"}
        if is_cordoned:
            spec["unschedulable"] = True
        self._store.update("nodes", {**node, "spec": spec})

    def _present(self) -> tuple[str, ...]:
        return tuple(item["metadata"]["name"] for item in self._store.list("nodes").items)

    def _version(self, name: str) -> str:
        status: Object = self._store.get("nodes", name).get("status") or {}
        return str((status.get("nodeInfo") or {}).get("kubeletVersion", "")).removeprefix("v")


def _taint(text: str) -> Object:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, "value": value, "effect": effect}


def _is_daemon(pod: Object) -> bool:
    owners = pod["metadata"].get("ownerReferences") or ()
    return any(owner["kind"] == "DaemonSet" for owner in owners)


def _explain(node: str, pod: Object, reasons: list[str]) -> str:
    metadata = pod["metadata"]
    return (
        f"Drain node {node} failed when evicting pod {metadata['name']} in namespace "
        f"{metadata['namespace']}. This is often caused by a restrictive Pod Disruption Budget "
        "(PDB) policy. See https://aka.ms/aks/debugdrainfailures. Original error: "
        f"{reasons[0] if reasons else 'the pod did not end in time'}"
    )
