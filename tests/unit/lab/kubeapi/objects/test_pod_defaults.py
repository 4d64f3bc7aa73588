from typing import Any

import pytest

from bascule.lab.kubeapi.objects.pod_defaults import (
    fill_missing,
    fill_pod,
    fill_template,
    make_object,
    object_in,
    objects_in,
    quality_of_service,
)


def filled(**spec: Any) -> dict[str, Any]:
    pod: dict[str, Any] = {"spec": {"containers": [], **spec}}
    fill_pod(pod)
    result: dict[str, Any] = pod["spec"]
    return result


def container(**fields: Any) -> dict[str, Any]:
    spec = filled(containers=[{"name": "a", **fields}])
    result: dict[str, Any] = spec["containers"][0]
    return result


def test_a_pod_gets_what_the_server_and_admission_give() -> None:
    spec = filled()

    assert spec["dnsPolicy"] == "ClusterFirst"
    assert spec["restartPolicy"] == "Always"
    assert spec["terminationGracePeriodSeconds"] == 30
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    assert spec["enableServiceLinks"] is True
    assert spec["priority"] == 0
    assert [t["key"] for t in spec["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]


def test_tolerations_that_are_there_are_not_added_again() -> None:
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}

    assert len(filled(tolerations=[own])["tolerations"]) == 2


def test_a_template_gets_no_admission() -> None:
    template: dict[str, Any] = {"spec": {"serviceAccountName": "s", "containers": []}}

    fill_template(template)
    fill_template(None)

    assert template["spec"]["serviceAccount"] == "s"
    assert "tolerations" not in template["spec"]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("registry:5000/nginx", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("nginx@sha256:" + "0" * 64, "IfNotPresent"),
    ],
)
def test_the_tag_decides_when_an_image_is_pulled(image: str, policy: str) -> None:
    assert container(image=image)["imagePullPolicy"] == policy


def test_ports_speak_tcp_and_are_open_on_the_host_of_a_host_network() -> None:
    spec = filled(hostNetwork=True, containers=[{"ports": [{"containerPort": 80}]}])

    assert spec["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP", "hostPort": 80}
    ]


def test_requests_follow_limits() -> None:
    resources = container(
        resources={"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}
    )

    assert resources["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}


def test_probes_have_a_rhythm() -> None:
    made = container(
        readinessProbe={"httpGet": {"port": 80}, "timeoutSeconds": 0},
        livenessProbe={"grpc": {"port": 1}},
        lifecycle={"preStop": {"httpGet": {"port": 80, "path": "/bye"}}},
    )

    assert made["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert made["livenessProbe"]["grpc"] == {"port": 1, "service": ""}
    assert made["lifecycle"]["preStop"]["httpGet"]["path"] == "/bye"


def test_volumes_have_modes() -> None:
    spec = filled(
        volumes=[
            {"name": "empty"},
            {"name": "s", "secret": {"secretName": "x"}},
            {"name": "h", "hostPath": {"path": "/"}},
            {"name": "d", "downwardAPI": {"items": [{"fieldRef": {"fieldPath": "x"}}]}},
            {
                "name": "p",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"path": "t"}},
                        {"downwardAPI": {"items": [{"fieldRef": {"fieldPath": "x"}}]}},
                    ]
                },
            },
        ],
        containers=[{"env": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}],
    )
    empty, secret, host, downward, projected = spec["volumes"]
    reference = {"fieldPath": "x", "apiVersion": "v1"}

    assert empty["emptyDir"] == {}
    assert secret["secret"]["defaultMode"] == 0o644
    assert host["hostPath"]["type"] == ""
    assert downward["downwardAPI"]["items"][0]["fieldRef"] == reference
    assert projected["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 3600
    assert projected["projected"]["sources"][1]["downwardAPI"]["items"][0]["fieldRef"] == reference
    assert spec["containers"][0]["env"][0]["valueFrom"]["fieldRef"] == reference


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Mi"}},
            "Burstable",
        ),
    ],
)
def test_resources_decide_the_quality_of_service(resources: dict[str, Any], expected: str) -> None:
    assert quality_of_service({"containers": [{"resources": resources}]}) == expected


def test_what_is_no_object_is_left_alone() -> None:
    pod: dict[str, Any] = {"spec": "nonsense"}
    broken: dict[str, Any] = {"a": "text", "b": None}

    fill_pod(pod)
    fill_missing(broken, {"b": 1})

    assert pod == {"spec": "nonsense"}
    assert make_object(broken, "a") == {}
    assert broken == {"a": "text", "b": 1}
    assert object_in(broken, "a") is None
    assert objects_in({"a": [1, {}]}, "a") == [{}]
    assert objects_in(broken, "a") == []
