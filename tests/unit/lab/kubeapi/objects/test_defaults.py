import base64
from typing import Any

import pytest

from bascule.lab.kubeapi.objects.defaults import fill_custom_defaults, fill_defaults
from bascule.lab.kubeapi.objects.schema import load_catalog, parse_custom_schema

RBAC = "rbac.authorization.k8s.io"


def filled(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return fill_defaults({"apiVersion": api_version, "kind": kind, **fields})


def template(labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"labels": labels or {}}, "spec": {"containers": [{"name": "a"}]}}


def is_template_filled(spec: dict[str, Any]) -> bool:
    return bool(spec["template"]["spec"]["containers"][0].get("imagePullPolicy"))


def test_the_argument_is_not_changed_and_kinds_without_defaults_come_back_equal() -> None:
    service: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "spec": {}}
    other = {"apiVersion": "example.com/v1", "kind": "Thing", "spec": {}}

    fill_defaults(service)

    assert service["spec"] == {}
    assert fill_defaults(other) == other


def test_filling_twice_is_filling_once() -> None:
    once = filled("apps/v1", "Deployment", spec={"template": template()})

    assert fill_defaults(once) == once


def test_a_deployment_rolls_by_a_quarter() -> None:
    spec = filled("apps/v1", "Deployment", spec={"template": template()})["spec"]

    assert spec["replicas"] == 1
    assert spec["revisionHistoryLimit"] == 10
    assert spec["progressDeadlineSeconds"] == 600
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert is_template_filled(spec)


def test_what_is_written_stays() -> None:
    spec = {"replicas": 0, "strategy": {"type": "Recreate"}}

    assert filled("apps/v1", "Deployment", spec=spec)["spec"] == {
        **spec,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }


def test_the_other_workloads_have_their_own_strategies() -> None:
    daemons = filled("apps/v1", "DaemonSet", spec={"template": template()})
    stateful = filled(
        "apps/v1", "StatefulSet", spec={"template": template(), "volumeClaimTemplates": [{}]}
    )
    replicas = filled("apps/v1", "ReplicaSet", spec={"template": template()})

    assert daemons["spec"]["updateStrategy"]["rollingUpdate"] == {
        "maxUnavailable": 1,
        "maxSurge": 0,
    }
    assert daemons["status"]["desiredNumberScheduled"] == 0
    assert stateful["spec"]["podManagementPolicy"] == "OrderedReady"
    assert stateful["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}
    assert stateful["spec"]["volumeClaimTemplates"][0]["spec"] == {"volumeMode": "Filesystem"}
    assert replicas["spec"]["replicas"] == 1
    assert all(is_template_filled(o["spec"]) for o in (daemons, stateful, replicas))


def test_a_replication_controller_takes_its_selector_from_the_template() -> None:
    filled_one = filled("v1", "ReplicationController", spec={"template": template({"a": "b"})})

    assert filled_one["spec"]["selector"] == {"a": "b"}
    assert filled_one["metadata"]["labels"] == {"a": "b"}


def test_a_job_ends_once() -> None:
    spec = filled("batch/v1", "Job", spec={"template": template()})["spec"]
    parallel = filled("batch/v1", "Job", spec={"parallelism": 3})["spec"]
    per_index = filled(
        "batch/v1", "Job", spec={"backoffLimitPerIndex": 1, "podFailurePolicy": {"rules": []}}
    )["spec"]

    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 6)
    assert spec["podReplacementPolicy"] == "TerminatingOrFailed"
    assert "completions" not in parallel
    assert per_index["backoffLimit"] == 2**31 - 1
    assert per_index["podReplacementPolicy"] == "Failed"


def test_a_cron_job_fills_its_pod_template() -> None:
    spec = filled("batch/v1", "CronJob", spec={"jobTemplate": {"spec": {"template": template()}}})[
        "spec"
    ]

    assert spec["concurrencyPolicy"] == "Allow"
    assert spec["suspend"] is False
    assert is_template_filled(spec["jobTemplate"]["spec"])


def test_a_pod_template_is_filled() -> None:
    assert is_template_filled(filled("v1", "PodTemplate", template=template()))


def test_a_service_gets_its_type_and_its_ports() -> None:
    service = filled("v1", "Service", spec={"ports": [{"port": 80}]})

    assert service["spec"] == {
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }
    assert service["status"] == {"loadBalancer": {}}


def test_a_load_balancer_and_an_affinity_have_more() -> None:
    spec = filled("v1", "Service", spec={"type": "LoadBalancer", "sessionAffinity": "ClientIP"})[
        "spec"
    ]

    assert spec["externalTrafficPolicy"] == "Cluster"
    assert spec["allocateLoadBalancerNodePorts"] is True
    assert spec["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10_800}}


def test_an_external_name_has_no_addresses() -> None:
    spec = filled("v1", "Service", spec={"type": "ExternalName", "externalName": "a.example"})

    assert "ipFamilies" not in spec["spec"]


def test_the_texts_of_a_secret_become_data() -> None:
    secret = filled("v1", "Secret", stringData={"a": "b"}, data={"a": "eA==", "c": "eQ=="})

    assert secret["data"] == {"a": base64.b64encode(b"b").decode(), "c": "eQ=="}
    assert "stringData" not in secret
    assert secret["type"] == "Opaque"


def test_a_namespace_knows_its_name() -> None:
    made = filled("v1", "Namespace", metadata={"name": "shop"})
    going = filled("v1", "Namespace", metadata={"name": "shop", "deletionTimestamp": "x"}, spec={})

    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop"}
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["status"] == {"phase": "Active"}
    assert going["spec"] == {}


@pytest.mark.parametrize(
    ("api_version", "kind", "fields", "expected"),
    [
        ("v1", "PersistentVolume", {}, {"spec": {"volumeMode": "Filesystem"}}),
        ("v1", "PersistentVolumeClaim", {}, {"status": {"phase": "Pending"}}),
        (
            "v1",
            "Endpoints",
            {"subsets": [{"ports": [{"port": 1}]}]},
            {"subsets": [{"ports": [{"port": 1, "protocol": "TCP"}]}]},
        ),
        (
            "discovery.k8s.io/v1",
            "EndpointSlice",
            {"ports": [{"port": 1}]},
            {"ports": [{"port": 1, "name": "", "protocol": "TCP"}]},
        ),
        ("networking.k8s.io/v1", "Ingress", {}, {"status": {"loadBalancer": {}}}),
        (
            "networking.k8s.io/v1",
            "IngressClass",
            {"spec": {"parameters": {"kind": "X", "name": "y"}}},
            {"spec": {"parameters": {"kind": "X", "name": "y", "scope": "Cluster"}}},
        ),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            {"spec": {"egress": [{"ports": [{"port": 1}]}]}},
            {
                "spec": {
                    "egress": [{"ports": [{"port": 1, "protocol": "TCP"}]}],
                    "policyTypes": ["Ingress", "Egress"],
                }
            },
        ),
        ("networking.k8s.io/v1", "NetworkPolicy", {}, {"spec": {"policyTypes": ["Ingress"]}}),
        ("policy/v1", "PodDisruptionBudget", {}, {"status": {"disruptionsAllowed": 0}}),
        (
            "autoscaling/v1",
            "HorizontalPodAutoscaler",
            {},
            {"spec": {"minReplicas": 1}, "status": {"currentReplicas": 0, "desiredReplicas": 0}},
        ),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {}, {"status": {"desiredReplicas": 0}}),
        (
            f"{RBAC}/v1",
            "RoleBinding",
            {"roleRef": {"name": "r"}, "subjects": [{"kind": "User"}, {"kind": "ServiceAccount"}]},
            {
                "roleRef": {"name": "r", "apiGroup": RBAC},
                "subjects": [{"kind": "User", "apiGroup": RBAC}, {"kind": "ServiceAccount"}],
            },
        ),
        ("storage.k8s.io/v1", "StorageClass", {}, {"volumeBindingMode": "Immediate"}),
        (
            "scheduling.k8s.io/v1",
            "PriorityClass",
            {},
            {"preemptionPolicy": "PreemptLowerPriority"},
        ),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            {"spec": {"names": {"kind": "CronTab"}}},
            {
                "spec": {
                    "names": {
                        "kind": "CronTab",
                        "singular": "crontab",
                        "listKind": "CronTabList",
                    },
                    "conversion": {"strategy": "None"},
                }
            },
        ),
        ("authentication.k8s.io/v1", "TokenRequest", {}, {"spec": {"expirationSeconds": 3600}}),
    ],
)
def test_each_kind_has_its_defaults(
    api_version: str, kind: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    made = filled(api_version, kind, **fields)

    for key, value in expected.items():
        found = made[key]
        assert found == value or (isinstance(found, dict) and value.items() <= found.items())


def test_an_autoscaler_looks_at_the_cpu() -> None:
    spec = filled("autoscaling/v2", "HorizontalPodAutoscaler")["spec"]

    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 80


def test_webhooks_fail_closed() -> None:
    webhook = {
        "rules": [{"operations": ["*"]}],
        "clientConfig": {"service": {"name": "s", "namespace": "n"}},
    }
    group = "admissionregistration.k8s.io/v1"
    mutating = filled(group, "MutatingWebhookConfiguration", webhooks=[webhook])["webhooks"][0]
    validating = filled(group, "ValidatingWebhookConfiguration", webhooks=[webhook])["webhooks"][0]

    assert mutating["failurePolicy"] == "Fail"
    assert mutating["reinvocationPolicy"] == "Never"
    assert mutating["rules"][0]["scope"] == "*"
    assert mutating["clientConfig"]["service"]["port"] == 443
    assert "reinvocationPolicy" not in validating


def test_the_defaults_of_a_custom_schema_fill_what_is_missing() -> None:
    schema = parse_custom_schema(
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "default": {},
                    "properties": {
                        "replicas": {"type": "integer", "default": 1},
                        "maybe": {"type": "string", "nullable": True, "default": "x"},
                        "items": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {"on": {"type": "boolean", "default": True}},
                            },
                        },
                    },
                }
            },
        },
        load_catalog("1.36"),
    )
    written: dict[str, Any] = {"metadata": {"name": "a"}}

    assert fill_custom_defaults(written, schema)["spec"] == {"replicas": 1, "maybe": "x"}
    assert fill_custom_defaults({"spec": {"maybe": None, "items": [{}]}}, schema)["spec"] == {
        "replicas": 1,
        "maybe": None,
        "items": [{"on": True}],
    }
    assert written == {"metadata": {"name": "a"}}


def test_a_job_gets_no_default_that_its_release_does_not_know() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {}}

    assert "podReplacementPolicy" not in fill_defaults(job, minor=27)["spec"]
    assert fill_defaults(job, minor=28)["spec"]["podReplacementPolicy"] == "TerminatingOrFailed"
