from typing import Any

import pytest

from bascule.lab.kubeapi.objects.conversion import convert

EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "e"},
    "involvedObject": {"kind": "Pod", "name": "p"},
    "message": "Started",
    "source": {"component": "kubelet"},
    "count": 2,
    "reason": "Started",
}
UTILIZATION = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}
MEMORY = {"type": "Resource", "resource": {"name": "memory", "target": {"averageValue": "1Gi"}}}


def scaler(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": 5, **spec},
    }


def test_the_same_version_is_the_same_object() -> None:
    assert convert(EVENT, "v1") is EVENT


def test_kinds_of_one_shape_change_their_version_only() -> None:
    flow = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "spec": {"a": 1}}

    converted = convert(flow, "flowcontrol.apiserver.k8s.io/v1beta3")

    assert converted == {**flow, "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3"}
    assert flow["apiVersion"] == "flowcontrol.apiserver.k8s.io/v1"


def test_an_event_has_other_names_in_its_own_group() -> None:
    converted = convert(EVENT, "events.k8s.io/v1")

    assert converted["regarding"] == EVENT["involvedObject"]
    assert converted["note"] == "Started"
    assert converted["deprecatedSource"] == {"component": "kubelet"}
    assert converted["deprecatedCount"] == 2
    assert "message" not in converted
    assert convert(converted, "v1") == EVENT
    assert convert(converted, "events.k8s.io/v1beta1")["note"] == "Started"


def test_a_simple_autoscaler_has_one_percentage() -> None:
    rich = scaler(metrics=[UTILIZATION])

    simple = convert(rich, "autoscaling/v1")

    assert simple["spec"] == {"maxReplicas": 5, "targetCPUUtilizationPercentage": 70}
    assert convert(simple, "autoscaling/v2") == rich


def test_what_a_simple_autoscaler_cannot_say_is_kept_in_annotations() -> None:
    rich = scaler(metrics=[UTILIZATION, MEMORY], behavior={"scaleUp": {}})

    simple = convert(rich, "autoscaling/v1")

    assert set(simple["metadata"]["annotations"]) == {
        "autoscaling.alpha.kubernetes.io/metrics",
        "autoscaling.alpha.kubernetes.io/behavior",
    }
    assert convert(simple, "autoscaling/v2") == rich


def test_the_status_of_an_autoscaler_is_converted_too() -> None:
    current = {"averageUtilization": 40}
    metric = {"type": "Resource", "resource": {"name": "cpu", "current": current}}
    rich = {**scaler(), "status": {"currentMetrics": [metric], "conditions": []}}

    simple = convert(rich, "autoscaling/v1")

    assert simple["status"] == {"currentCPUUtilizationPercentage": 40}
    assert convert(simple, "autoscaling/v2")["status"] == {"currentMetrics": [metric]}


def test_versions_of_the_rich_autoscaler_are_alike() -> None:
    rich = scaler(metrics=[MEMORY])

    assert convert(rich, "autoscaling/v2beta2")["spec"] == rich["spec"]


def test_a_broken_annotation_is_dropped() -> None:
    simple = {
        **scaler(),
        "apiVersion": "autoscaling/v1",
        "metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/metrics": "{"}},
    }

    assert convert(simple, "autoscaling/v2")["spec"] == {"maxReplicas": 5}


@pytest.mark.parametrize(
    ("version", "field"),
    [("v1beta2", "assuredConcurrencyShares"), ("v1beta3", "nominalConcurrencyShares")],
)
def test_the_shares_of_a_priority_level_were_renamed(version: str, field: str) -> None:
    group = "flowcontrol.apiserver.k8s.io"
    level = {
        "apiVersion": f"{group}/v1",
        "kind": "PriorityLevelConfiguration",
        "spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 5}},
    }

    converted = convert(level, f"{group}/{version}")

    assert converted["spec"]["limited"] == {field: 5}
    assert convert(converted, f"{group}/v1") == level


def test_a_priority_level_without_limits_is_left_alone() -> None:
    group = "flowcontrol.apiserver.k8s.io"
    level = {"apiVersion": f"{group}/v1", "kind": "PriorityLevelConfiguration", "spec": {}}

    assert convert(level, f"{group}/v1beta3")["spec"] == {}
