from typing import Any

import pytest

from bascule.lab.controllers.conditions import find_condition
from bascule.lab.controllers.system.budgets import BUDGETS, BudgetController
from bascule.lab.controllers.workloads.pod_sets import PodSetController
from tests.support.lab_plane import FakeKubelet, Plane, template

Object = dict[str, Any]


class World(Plane):
    def __init__(self) -> None:
        super().__init__()
        self.kubelet = FakeKubelet(self.store)
        self.controllers = [
            BudgetController(self.store),
            PodSetController(self.store),
            self.kubelet,
        ]
        selector = {"matchLabels": {"app": "web"}}
        spec = {"replicas": 4, "selector": selector, "template": template()}
        head = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"}}
        self.create("replicasets.apps", {**head, "spec": spec})

    def allow(self, **spec: Any) -> Object:
        selector = {"matchLabels": {"app": "web"}}
        head = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}
        metadata = {"name": "web"}
        self.create(BUDGETS, {**head, "metadata": metadata, "spec": {"selector": selector, **spec}})
        self.settle()
        return self.status()

    def status(self) -> Object:
        status: Object = self.get(BUDGETS, "web")["status"]
        return status


@pytest.mark.parametrize(
    ("spec", "desired", "allowed"),
    [
        pytest.param({"maxUnavailable": 1}, 3, 1, id="max unavailable"),
        pytest.param({"maxUnavailable": "50%"}, 2, 2, id="share unavailable"),
        pytest.param({"minAvailable": 3}, 3, 1, id="min available"),
        pytest.param({"minAvailable": "100%"}, 4, 0, id="all available"),
    ],
)
def test_a_budget_allows_what_it_can_spare(spec: Object, desired: int, allowed: int) -> None:
    status = World().allow(**spec)

    assert status["desiredHealthy"] == desired
    assert status["disruptionsAllowed"] == allowed
    assert (status["currentHealthy"], status["expectedPods"]) == (4, 4)


def test_pods_that_are_not_ready_cannot_be_spared() -> None:
    world = World()
    world.kubelet.unready.add("example.test/web:1")

    status = world.allow(maxUnavailable=1)

    assert status["disruptionsAllowed"] == 0
    condition = find_condition(world.get(BUDGETS, "web"), "DisruptionAllowed") or {}
    assert condition["reason"] == "InsufficientPods"


def test_an_eviction_under_way_is_counted_until_it_is_forgotten() -> None:
    world = World()
    world.allow(maxUnavailable=2)
    disrupted = {"disruptedPods": {world.names("pods")[0]: "2026-01-01T00:00:00Z"}}

    world.store.patch_status(BUDGETS, "web", "default", disrupted)
    world.settle()
    assert world.status()["disruptionsAllowed"] == 1

    world.after(121)
    assert world.status()["disruptionsAllowed"] == 2


def test_a_budget_without_pods_allows_nothing() -> None:
    world = World()
    world.store.delete("replicasets.apps", "web", "default")

    assert world.allow(maxUnavailable=1)["disruptionsAllowed"] == 0
