from typing import Any

import pytest

from bascule.lab.kubeapi.objects.rules import check_object

RBAC = "rbac.authorization.k8s.io/v1"
CONTAINERS = [{"name": "a", "image": "x"}]
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": CONTAINERS}}
ONCE = {**TEMPLATE, "spec": {"containers": CONTAINERS, "restartPolicy": "Never"}}
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def faults(api_version: str, kind: str, **fields: Any) -> list[str]:
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **fields}
    return [f"{cause.field}: {cause.message}" for cause in check_object(obj)]


def ingress(**spec: Any) -> list[str]:
    return faults("networking.k8s.io/v1", "Ingress", spec=spec)


def one_path(**path: Any) -> list[str]:
    path = {"path": "/", "pathType": "Prefix", "backend": BACKEND, **path}
    return ingress(rules=[{"http": {"paths": [path]}}])


def workload(**spec: Any) -> list[str]:
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE, **spec}
    return faults("apps/v1", "Deployment", spec=spec)


def service(**spec: Any) -> list[str]:
    return faults("v1", "Service", spec={"ports": [{"port": 80}], **spec})


def test_kinds_without_rules_pass() -> None:
    assert faults("v1", "Namespace") == []


def test_a_pod_is_judged_by_its_spec() -> None:
    assert faults("v1", "Pod", spec={}) == ["spec.containers: Required value"]


def test_a_workload_selects_its_own_pods() -> None:
    assert workload() == []
    assert workload(selector={"matchLabels": {"a": "c"}}) == [
        (
            'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match '
            "template `labels`"
        )
    ]
    assert workload(selector=None) == ["spec.selector: Required value"]
    assert workload(selector={}) == [
        "spec.selector: Invalid value: {}: empty selector is invalid for deployment"
    ]
    assert workload(replicas=-1) == [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    ]
    assert "spec.template: Required value" in workload(template=None)


def test_a_job_ends() -> None:
    assert faults("batch/v1", "Job", spec={"template": ONCE}) == []
    always = {**TEMPLATE, "spec": {"containers": CONTAINERS, "restartPolicy": "Always"}}
    assert faults("batch/v1", "Job", spec={"template": always}) == [
        (
            'spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: '
            '"OnFailure", "Never"'
        )
    ]
    assert faults("batch/v1", "Job", spec={"parallelism": -1}) == [
        "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
        "spec.template: Required value",
    ]


def test_a_cron_job_has_a_schedule() -> None:
    job = {"jobTemplate": {"spec": {"template": ONCE}}}

    assert faults("batch/v1", "CronJob", spec={"schedule": "* * * * *", **job}) == []
    assert faults("batch/v1", "CronJob", spec={"schedule": "@daily", **job}) == []
    assert faults("batch/v1", "CronJob", spec=job) == ["spec.schedule: Required value"]
    assert faults(
        "batch/v1", "CronJob", spec={"schedule": "1 2", "concurrencyPolicy": "X", **job}
    ) == [
        'spec.schedule: Invalid value: "1 2": expected exactly 5 fields, found 2: [1 2]',
        (
            'spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", '
            '"Replace"'
        ),
    ]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"type": "X"}, 'spec.type: Unsupported value: "X": supported values: "ClusterIP"'),
        ({"type": "ExternalName"}, "spec.externalName: Required value"),
        ({"ports": []}, "spec.ports: Required value"),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port: Invalid value: 0: must be between 1"),
        ({"ports": [{"port": 1, "targetPort": 0}]}, "spec.ports[0].targetPort: Invalid value: 0"),
        ({"ports": [{"port": 1, "targetPort": "8"}]}, "spec.ports[0].targetPort: Invalid value"),
        ({"ports": [{"port": 1, "protocol": "X"}]}, "spec.ports[0].protocol: Unsupported value"),
        ({"ports": [{"port": 1, "name": "A"}]}, "spec.ports[0].name: Invalid value"),
        ({"selector": {"a b": "c"}}, "spec.selector: Invalid value"),
        ({"sessionAffinity": "X"}, 'spec.sessionAffinity: Unsupported value: "X"'),
        ({"clusterIP": "x"}, 'spec.clusterIPs[0]: Invalid value: "x": must be empty'),
    ],
)
def test_what_is_wrong_with_a_service_is_named(spec: dict[str, Any], text: str) -> None:
    found = service(**spec)

    assert len(found) == 1
    assert found[0].startswith(text)


def test_several_ports_of_a_service_have_names_of_their_own() -> None:
    assert service() == []
    assert service(clusterIP="None", ports=[]) == []
    assert service(ports=[{"port": 80}, {"port": 80, "name": "a"}, {"port": 81, "name": "a"}]) == [
        "spec.ports[0].name: Required value",
        'spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}',
        'spec.ports[2].name: Duplicate value: "a"',
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ({"pathType": None}, "pathType: Required value: pathType must be specified"),
        ({"pathType": "X"}, 'pathType: Unsupported value: "X"'),
        ({"path": "a"}, 'path: Invalid value: "a": must be an absolute path'),
        ({"path": "/a//b"}, "path: Invalid value: \"/a//b\": must not contain '//'"),
        ({"backend": None}, "backend: Required value: resource or service backend is required"),
        ({"backend": {"service": {"port": {"number": 1}}}}, "backend.service.name: Required value"),
        (
            {"backend": {"service": {"name": "W", "port": {"number": 1}}}},
            'backend.service.name: Invalid value: "W"',
        ),
        (
            {"backend": {"service": {"name": "w"}}},
            "backend: Required value: port name or number is required",
        ),
        (
            {"backend": {"service": {"name": "w", "port": {"name": "a", "number": 1}}}},
            'backend: Invalid value: "": cannot set both port name & port number',
        ),
        (
            {"backend": {"service": {"name": "w", "port": {"number": 70_000}}}},
            "backend.service.port.number: Invalid value: 70000",
        ),
        (
            {"backend": {**BACKEND, "resource": {"kind": "X", "name": "y"}}},
            'backend: Invalid value: "": cannot set both resource and service backends',
        ),
    ],
)
def test_what_is_wrong_with_a_path_is_named(path: dict[str, Any], text: str) -> None:
    found = one_path(**path)

    assert len(found) == 1
    assert found[0].startswith(f"spec.rules[0].http.paths[0].{text}")


def test_an_ingress_leads_somewhere() -> None:
    assert one_path() == []
    assert one_path(path="", pathType="ImplementationSpecific") == []
    assert ingress(defaultBackend=BACKEND) == []
    assert ingress() == [
        "spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"
    ]
    assert ingress(rules=[{"http": {"paths": []}}]) == ["spec.rules[0].http.paths: Required value"]


def test_hosts_of_an_ingress_are_names() -> None:
    found = ingress(
        tls=[{"hosts": ["A"]}], rules=[{"host": "10.0.0.1"}, {"host": "B"}, {"host": "*.c.d"}]
    )

    assert [fault.split(":")[0] for fault in found] == [
        "spec.tls[0].hosts[0]",
        "spec.rules[0].host",
        "spec.rules[1].host",
    ]
    assert "must be a DNS name, not an IP address" in found[1]


def test_data_has_good_keys_and_a_limit() -> None:
    assert "a valid config key" in faults("v1", "ConfigMap", data={"a b": "c"})[0]
    big = faults("v1", "ConfigMap", data={"a": "x" * (1024 * 1024 + 1)})
    assert big == [": Too long: may not be more than 1048576 bytes"]


def test_the_data_of_a_secret_is_base64() -> None:
    assert faults("v1", "Secret", data={"a": "eA=="}) == []
    assert "illegal base64 data" in faults("v1", "Secret", data={"a": "?"})[0]
    assert faults("v1", "Secret", type="kubernetes.io/tls", data={"tls.crt": ""}) == [
        "data[tls.key]: Required value"
    ]


def test_bindings_bind_a_role_to_subjects() -> None:
    role = {"kind": "Role", "name": "r"}

    assert faults(RBAC, "RoleBinding", roleRef=role) == []
    assert faults(RBAC, "ClusterRoleBinding", roleRef=role) == [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'
    ]
    assert faults(RBAC, "RoleBinding", roleRef={"kind": "Role"}, subjects=[{"kind": "X"}]) == [
        "roleRef.name: Required value",
        (
            'subjects[0].kind: Unsupported value: "X": supported values: "ServiceAccount", "User", '
            '"Group"'
        ),
        "subjects[0].name: Required value",
    ]
    cluster = {"kind": "ClusterRole", "name": "r"}
    account = {"kind": "ServiceAccount", "name": "s"}
    assert faults(RBAC, "ClusterRoleBinding", roleRef=cluster, subjects=[account]) == [
        "subjects[0].namespace: Required value"
    ]


def test_rules_of_roles_are_whole() -> None:
    urls = {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}

    assert faults(RBAC, "ClusterRole", rules=[urls]) == []
    assert "cannot apply to non-resource URLs" in faults(RBAC, "Role", rules=[urls])[0]
    assert [f.split(":")[0] for f in faults(RBAC, "Role", rules=[{}])] == [
        "rules[0].verbs",
        "rules[0].apiGroups",
        "rules[0].resources",
    ]


def test_a_budget_has_one_bound() -> None:
    spec = {"minAvailable": 1, "maxUnavailable": 1}

    found = faults("policy/v1", "PodDisruptionBudget", spec=spec)

    assert "minAvailable and maxUnavailable cannot be both set" in found[0]
    assert faults("policy/v1", "PodDisruptionBudget", spec={"minAvailable": 1}) == []


def test_an_autoscaler_has_bounds_and_a_target() -> None:
    group, kind = "autoscaling/v2", "HorizontalPodAutoscaler"
    target = {"kind": "Deployment", "name": "web"}

    assert faults(group, kind, spec={"maxReplicas": 2, "scaleTargetRef": target}) == []
    assert faults(
        group, kind, spec={"minReplicas": 3, "maxReplicas": 2, "scaleTargetRef": target}
    ) == ["spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"]
    assert [f.split(":")[0] for f in faults(group, kind, spec={"minReplicas": 0})] == [
        "spec.minReplicas",
        "spec.maxReplicas",
        "spec.scaleTargetRef.kind",
        "spec.scaleTargetRef.name",
    ]


def test_a_slice_holds_addresses_of_its_type() -> None:
    group, kind = "discovery.k8s.io/v1", "EndpointSlice"
    endpoints = [{"addresses": ["10.0.0.1"]}, {"addresses": ["x"]}, {"addresses": []}]

    assert faults(group, kind) == ["addressType: Required value"]
    assert "Unsupported value" in faults(group, kind, addressType="X")[0]
    found = faults(group, kind, addressType="IPv4", endpoints=endpoints)
    assert [f.split(":")[0] for f in found] == [
        "endpoints[1].addresses[0]",
        "endpoints[2].addresses",
    ]


def test_a_custom_definition_is_whole() -> None:
    version = {"name": "v1", "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {
        "group": "b.c",
        "scope": "Namespaced",
        "names": {"plural": "as", "kind": "A"},
        "versions": [version],
    }
    group, kind = "apiextensions.k8s.io/v1", "CustomResourceDefinition"

    assert faults(group, kind, metadata={"name": "as.b.c"}, spec=spec) == []
    assert faults(group, kind, metadata={"name": "x"}, spec=spec) == [
        'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'
    ]
    broken = {**spec, "scope": "X", "versions": [version, {**version, "schema": {}}]}
    assert [
        f.split(":")[0] for f in faults(group, kind, metadata={"name": "as.b.c"}, spec=broken)
    ] == [
        "spec.scope",
        "spec.versions",
        "spec.versions[1].schema.openAPIV3Schema",
    ]
    assert [f.split(":")[0] for f in faults(group, kind, metadata={"name": "."}, spec={})] == [
        "spec.group",
        "spec.scope",
        "spec.versions",
        "spec.names.plural",
        "spec.names.kind",
    ]


def test_names_of_the_system_are_reserved() -> None:
    found = faults("scheduling.k8s.io/v1", "PriorityClass", metadata={"name": "system-x"})

    assert "reserved for system use only" in found[0]
    assert faults("scheduling.k8s.io/v1", "PriorityClass") == []
