import asyncio
from typing import Any

import msgspec
import pytest

from bascule.lab.cluster_plan import AddressPlan, ClusterPlan, NodePlan, PoolPlan
from bascule.lab.controllers.system.node_pools import (
    DrainFailedError,
    NodePools,
    machines_of_plan,
)
from bascule.lab.controllers.system.nodes import NodeController
from bascule.lab.controllers.system.scheduler import Scheduler
from bascule.lab.controllers.workloads.deployments import DeploymentController
from bascule.lab.controllers.workloads.pod_sets import PodSetController
from tests.support.lab_plane import FakeKubelet, Plane, deployment

ADDRESSES = AddressPlan(first="10.240.1.0", last="10.240.11.255")
TURNS_MAX = 2_000


def plan(*pools: PoolPlan) -> ClusterPlan:
    return ClusterPlan(
        version="1.35.3",
        region="r",
        pods=ADDRESSES,
        balancers=ADDRESSES,
        services="10.0.0.0/16",
        pools=pools,
    )


def pool(count: int, *, version: str = "1.35.3", spare: bool = False, **more: Any) -> PoolPlan:
    return PoolPlan(
        name="a",
        version=version,
        nodes=tuple(node(number) for number in range(count)),
        spare=node(9) if spare else None,
        **more,
    )


def node(number: int) -> NodePlan:
    return NodePlan(name=f"aks-a-{number}", address=f"10.240.0.{number + 4}", provider_id="azure:")


class World(Plane):
    def __init__(self, *pools: PoolPlan) -> None:
        super().__init__()
        self.store.create("namespaces", {"metadata": {"name": "kube-node-lease"}})
        nodes = NodeController(self.store, machines_of_plan(plan(*pools)))
        nodes.fill()
        self.pools = NodePools(self.store, nodes, drain_limit_s=0.3)
        self.kubelet = FakeKubelet(self.store)
        self.controllers = [
            DeploymentController(self.store),
            PodSetController(self.store),
            Scheduler(self.store),
            nodes,
            self.kubelet,
        ]

    async def apply(self, *pools: PoolPlan) -> None:
        """Bring a plan about while the controllers work."""
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self.pools.apply(plan(*pools)))
            for _ in range(TURNS_MAX):
                self.settle()
                await asyncio.wait([work], timeout=0.005)
                if work.done():
                    break

    def nodes(self) -> dict[str, str]:
        return {
            item["metadata"]["name"]: item["status"]["nodeInfo"]["kubeletVersion"]
            for item in self.store.list("nodes").items
        }

    def places(self) -> list[str]:
        return sorted(pod["spec"]["nodeName"] for pod in self.store.list("pods").items)


def test_a_machine_has_the_labels_taints_and_size_of_its_pool() -> None:
    made = pool(1, labels={"agentpool": "a"}, taints=("k=v:NoSchedule",), cpu="8", pods=30)

    [machine] = machines_of_plan(plan(made))

    assert machine.labels["agentpool"] == "a"
    assert machine.taints == ({"key": "k", "value": "v", "effect": "NoSchedule"},)
    assert (machine.shape.cpu, machine.shape.pods) == ("8", "30")


async def test_nodes_are_added_and_those_that_go_are_drained_first() -> None:
    world = World(pool(1))
    world.create("deployments.apps", deployment("web", 2))
    world.settle()

    await world.apply(pool(2))
    await world.apply(pool(1))

    assert list(world.nodes()) == ["aks-a-0"]
    assert world.places() == ["aks-a-0", "aks-a-0"]


async def test_an_upgrade_replaces_node_by_node_and_gives_the_spare_back() -> None:
    world = World(pool(2))
    world.create("deployments.apps", deployment("web", 2))
    world.settle()
    before = set(world.names("pods"))

    await world.apply(pool(2, version="1.36.1", spare=True))

    assert world.nodes() == {"aks-a-0": "v1.36.1", "aks-a-1": "v1.36.1"}
    assert not before & set(world.names("pods"))
    assert len(world.names("pods")) == 2
    assert not any(item["spec"].get("unschedulable") for item in world.store.list("nodes").items)


async def test_a_plan_that_is_met_changes_nothing() -> None:
    world = World(pool(2))
    world.create("deployments.apps", deployment("web", 2))
    world.settle()
    before = world.names("pods")

    await world.apply(pool(2))

    assert world.names("pods") == before


async def test_a_budget_that_allows_nothing_stops_the_replacement() -> None:
    world = World(pool(1))
    world.create("deployments.apps", deployment("web", 1))
    world.create(
        "poddisruptionbudgets.policy",
        {
            "metadata": {"name": "all"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        },
    )
    world.settle()
    world.store.patch_status(
        "poddisruptionbudgets.policy", "all", "default", {"observedGeneration": 1}
    )

    with pytest.raises(ExceptionGroup) as caught:
        await world.apply(pool(1, version="1.36.1", spare=True))

    [failure] = caught.value.exceptions
    assert isinstance(failure, DrainFailedError)
    assert "Drain node aks-a-0 failed when evicting pod web-" in str(failure)
    assert "would violate the pod's disruption budget" in str(failure)
    assert world.nodes()["aks-a-0"] == "v1.35.3"


async def test_daemons_stay_through_a_drain_and_end_with_their_node() -> None:
    world = World(pool(1))
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "u"}
    body = deployment()["spec"]["template"]["spec"]
    world.create(
        "pods",
        {
            "metadata": {"name": "daemon", "ownerReferences": [owner]},
            "spec": {**body, "nodeName": "aks-a-0"},
        },
    )
    world.settle()

    await world.apply(pool(1))
    kept = world.names("pods")
    await world.apply(msgspec.structs.replace(pool(1), version="1.36.1"))

    assert kept == ["daemon"]
    assert world.names("pods") == []
