from typing import Any

import pytest

from bascule.lab.kubeapi.objects.update_rules import check_update

RBAC = "rbac.authorization.k8s.io/v1"


def faults(api_version: str, kind: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    type_of = {"apiVersion": api_version, "kind": kind}
    causes = check_update({**type_of, **old}, {**type_of, **new})
    return [f"{cause.field}: {cause.message}" for cause in causes]


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


CONTAINER = {"name": "a", "image": "a:1"}


@pytest.mark.parametrize(
    ("api_version", "kind", "old", "new"),
    [
        ("v1", "Namespace", spec(a=1), spec(a=2)),
        ("apps/v1", "Deployment", spec(selector={"a": 1}, x=1), spec(selector={"a": 1}, x=2)),
        ("apps/v1", "StatefulSet", spec(replicas=1), spec(replicas=2)),
        ("batch/v1", "Job", spec(parallelism=1), spec(parallelism=2)),
        ("batch/v1", "Job", spec(suspend=True, template={}), spec(template={"a": 1})),
        ("v1", "Service", spec(clusterIP="1"), spec(clusterIP="1", type="NodePort")),
        ("v1", "Service", spec(clusterIP="1"), spec(type="ExternalName")),
        (
            "v1",
            "Pod",
            spec(containers=[CONTAINER]),
            spec(containers=[{**CONTAINER, "image": "a:2"}], tolerations=[{}]),
        ),
        ("v1", "ConfigMap", {"data": {"a": "b"}}, {"data": {"a": "c"}}),
        ("v1", "PersistentVolumeClaim", spec(resources=1), spec(resources=2)),
    ],
)
def test_what_may_change_may_change(
    api_version: str, kind: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert faults(api_version, kind, old, new) == []


@pytest.mark.parametrize(
    ("kind", "old", "new", "text"),
    [
        (
            ("apps/v1", "Deployment"),
            spec(selector={"matchLabels": {"a": "b"}}),
            spec(selector={"matchLabels": {"a": "c"}}),
            'spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable',
        ),
        (
            ("apps/v1", "StatefulSet"),
            spec(serviceName="a"),
            spec(serviceName="b"),
            "spec: Forbidden: updates to statefulset spec for fields other than",
        ),
        (
            ("batch/v1", "Job"),
            spec(completions=1),
            spec(completions=2),
            "spec.completions: Invalid value: 2: field is immutable",
        ),
        (
            ("batch/v1", "Job"),
            spec(template={"a": 1}),
            spec(template={"a": 2}),
            'spec.template: Invalid value: {"a":2}: field is immutable',
        ),
        (
            ("v1", "Service"),
            spec(clusterIP="10.0.0.1"),
            spec(clusterIP="10.0.0.2"),
            'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
        ),
        (
            ("v1", "Pod"),
            spec(containers=[CONTAINER]),
            spec(containers=[{**CONTAINER, "tty": True}]),
            "spec: Forbidden: pod updates may not change fields other than",
        ),
        (
            ("v1", "Secret"),
            {"type": "Opaque"},
            {"type": "x"},
            'type: Invalid value: "x": field is immutable',
        ),
        (
            (RBAC, "RoleBinding"),
            {"roleRef": {"name": "a"}},
            {"roleRef": {"name": "b"}},
            'roleRef: Invalid value: {"name":"b"}: cannot change roleRef',
        ),
        (
            ("discovery.k8s.io/v1", "EndpointSlice"),
            {"addressType": "IPv4"},
            {"addressType": "IPv6"},
            'addressType: Invalid value: "IPv6": field is immutable',
        ),
        (
            ("v1", "PersistentVolumeClaim"),
            spec(storageClassName="a"),
            spec(storageClassName="b"),
            "spec: Forbidden: spec is immutable after creation except",
        ),
        (
            ("storage.k8s.io/v1", "StorageClass"),
            {"provisioner": "a"},
            {"provisioner": "b"},
            "provisioner: Forbidden: updates to provisioner are forbidden.",
        ),
        (
            ("networking.k8s.io/v1", "IngressClass"),
            spec(controller="a"),
            spec(controller="b"),
            'spec.controller: Invalid value: "b": field is immutable',
        ),
        (
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            spec(scope="Cluster"),
            spec(scope="Namespaced"),
            'spec.scope: Invalid value: "Namespaced": field is immutable',
        ),
    ],
)
def test_what_may_not_change_is_named(
    kind: tuple[str, str], old: dict[str, Any], new: dict[str, Any], text: str
) -> None:
    found = faults(*kind, old, new)

    assert len(found) == 1
    assert found[0].startswith(text)


def test_immutable_data_stays_so() -> None:
    old = {"immutable": True, "data": {"a": "b"}}

    assert faults("v1", "ConfigMap", old, {"data": {"a": "c"}}) == [
        "immutable: Forbidden: field is immutable when `immutable` is set",
        "data: Forbidden: field is immutable when `immutable` is set",
    ]
