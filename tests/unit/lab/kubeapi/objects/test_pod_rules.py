from typing import Any

import pytest

from bascule.lab.kubeapi.objects.pod_rules import check_pod_spec, check_port, check_template


def faults(**spec: Any) -> list[str]:
    spec = {"containers": [{"name": "a", "image": "a:1"}], **spec}
    return [f"{cause.field}: {cause.message}" for cause in check_pod_spec(spec, "spec")]


def container(**fields: Any) -> list[str]:
    return faults(containers=[{"name": "a", "image": "a:1", **fields}])


def test_a_good_pod_passes() -> None:
    good = container(
        ports=[{"containerPort": 80, "name": "http", "protocol": "TCP"}],
        env=[{"name": "A", "value": "1"}],
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        readinessProbe={"httpGet": {"port": 80}, "successThreshold": 2},
        resources={"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}},
    )

    assert good == ['spec.containers[0].volumeMounts[0].name: Not found: "v"']
    assert faults(volumes=[{"name": "v"}], restartPolicy="Never", dnsPolicy="Default") == []


def test_a_pod_has_containers_with_names_of_their_own() -> None:
    assert faults(containers=[]) == ["spec.containers: Required value"]
    twice = faults(containers=[{"name": "a", "image": "x"}] * 2)
    assert twice == ['spec.containers[1].name: Duplicate value: "a"']
    shared = faults(initContainers=[{"name": "a", "image": "x"}])
    assert shared == ['spec.initContainers[0].name: Duplicate value: "a"']


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"name": ""}, "name", "Required value"),
        ({"name": "A"}, "name", "a lowercase RFC 1123 label"),
        ({"image": ""}, "image", "Required value"),
        ({"image": " a"}, "image", "must not have leading or trailing whitespace"),
        ({"imagePullPolicy": "Later"}, "imagePullPolicy", '"Always", "IfNotPresent", "Never"'),
        ({"ports": [{}]}, "ports[0].containerPort", "Required value"),
        ({"ports": [{"containerPort": 70_000}]}, "ports[0].containerPort", "between 1 and 65535"),
        (
            {"ports": [{"containerPort": 1, "protocol": "X"}]},
            "ports[0].protocol",
            'supported values: "SCTP", "TCP", "UDP"',
        ),
        ({"ports": [{"containerPort": 1, "name": "80"}]}, "ports[0].name", "at least one letter"),
        (
            {"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]},
            "ports[1].name",
            "Duplicate value",
        ),
        ({"env": [{"value": "x"}]}, "env[0].name", "Required value"),
        (
            {"env": [{"name": "a", "value": "x", "valueFrom": {"fieldRef": {}}}]},
            "env[0].valueFrom",
            "may not be specified when `value` is not empty",
        ),
        ({"volumeMounts": [{"mountPath": "/a"}]}, "volumeMounts[0].name", "Required value"),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
            "resources.requests",
            'Invalid value: "2": must be less than or equal to cpu limit of 1',
        ),
        (
            {"resources": {"requests": {"cpu": "-1"}}},
            "resources.requests[cpu]",
            "must be greater than or equal to 0",
        ),
        ({"readinessProbe": {}}, "readinessProbe", "must specify a handler type"),
        (
            {"readinessProbe": {"exec": {}, "httpGet": {"port": 1}}},
            "readinessProbe.httpGet",
            "may not specify more than 1 handler type",
        ),
        (
            {"readinessProbe": {"exec": {}, "periodSeconds": -1}},
            "readinessProbe.periodSeconds",
            "must be greater than or equal to 0",
        ),
        (
            {"livenessProbe": {"exec": {}, "successThreshold": 2}},
            "livenessProbe.successThreshold",
            "must be 1",
        ),
        (
            {"livenessProbe": {"tcpSocket": {"port": 0}}},
            "livenessProbe.tcpSocket.port",
            "between 1 and 65535",
        ),
    ],
)
def test_what_is_wrong_with_a_container_is_named(
    fields: dict[str, Any], place: str, words: str
) -> None:
    found = container(**fields)

    assert len(found) == 1
    assert found[0].startswith(f"spec.containers[0].{place}: ")
    assert words in found[0]


def test_mounts_have_paths_of_their_own() -> None:
    mounts = [{"name": "v"}, {"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a"}]
    found = faults(
        volumes=[{"name": "v"}],
        containers=[{"name": "a", "image": "x", "volumeMounts": mounts}],
    )

    assert found == [
        "spec.containers[0].volumeMounts[0].mountPath: Required value",
        'spec.containers[0].volumeMounts[2].mountPath: Invalid value: "/a": must be unique',
    ]


def test_volumes_have_names_of_their_own() -> None:
    assert faults(volumes=[{}, {"name": "v"}, {"name": "v"}]) == [
        "spec.volumes[0].name: Required value",
        'spec.volumes[2].name: Duplicate value: "v"',
    ]
    assert "RFC 1123 label" in faults(volumes=[{"name": "V"}])[0]


def test_choices_and_times_of_a_pod_are_judged() -> None:
    assert "supported values" in faults(restartPolicy="Maybe")[0]
    assert "supported values" in faults(dnsPolicy="Maybe")[0]
    assert "greater than or equal to 0" in faults(terminationGracePeriodSeconds=-1)[0]
    assert "spec.serviceAccountName" in faults(serviceAccountName="A")[0]


def test_a_template_restarts_as_its_owner_allows() -> None:
    template = {
        "metadata": {"labels": {"a b": "c"}},
        "spec": {"containers": [{"name": "a", "image": "x"}], "restartPolicy": "Always"},
    }

    found = [cause.field for cause in check_template(template, "spec.template", ("Never",))]

    assert found == ["spec.template.metadata.labels", "spec.template.spec.restartPolicy"]
    assert list(check_template(None, "spec.template")) == []


def test_a_port_that_is_a_name_is_not_a_number_out_of_range() -> None:
    assert list(check_port("http", "port")) == []
