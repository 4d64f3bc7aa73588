from bascule.lab.controllers.conditions import find_condition
from bascule.lab.controllers.workloads.autoscalers import AUTOSCALERS, AutoscalerController
from tests.support.lab_plane import Plane, deployment


def test_an_autoscaler_says_that_there_are_no_metrics_and_follows_its_target() -> None:
    world = Plane()
    world.controllers = [AutoscalerController(world.store)]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 5},
    }
    world.create(AUTOSCALERS, scaler)
    world.settle()
    able = find_condition(world.get(AUTOSCALERS, "web"), "AbleToScale") or {}
    assert able["status"] == "False"

    world.create("deployments.apps", deployment("web", 3))
    world.store.patch_status("deployments.apps", "web", "default", {"replicas": 2})
    world.settle()

    found = world.get(AUTOSCALERS, "web")
    assert (found["status"]["currentReplicas"], found["status"]["desiredReplicas"]) == (2, 3)
    active = find_condition(found, "ScalingActive") or {}
    assert active["reason"] == "FailedGetResourceMetric"
    world.store.delete(AUTOSCALERS, "web", "default")
    world.settle()
