import base64
import gzip
import json
from typing import Any

import pytest

from bascule.checks.azure.facts import ControllerKind
from bascule.inventory.azure.inside import (
    find_argo,
    find_deployment,
    find_extension,
    find_flux,
    find_pod,
    find_release,
)

IMAGE = "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.9.8"


def named(**rest: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "kube-system", "name": "agic"}, **rest}


def deployment(image: str = IMAGE, replicas: int = 1) -> dict[str, Any]:
    pod = {"spec": {"containers": [{"name": "c", "image": image}]}}
    return named(spec={"replicas": replicas, "template": pod})


def release(chart: str = "ingress-azure", status: str = "deployed") -> dict[str, Any]:
    text = json.dumps({"name": "agic", "chart": {"metadata": {"name": chart}}}).encode()
    packed = base64.b64encode(base64.b64encode(gzip.compress(text))).decode()
    labels = {"owner": "helm", "name": "agic", "status": status}
    metadata = {"namespace": "ingress", "name": "sh.helm.release.v1.agic.v3", "labels": labels}
    return {"metadata": metadata, "data": {"release": packed}}


def test_a_deployment_with_agics_image_is_found() -> None:
    (found,) = find_deployment(deployment())

    assert (found.kind, found.namespace, found.name) == (
        ControllerKind.DEPLOYMENT,
        "kube-system",
        "agic",
    )
    assert not found.is_idle


def test_a_deployment_without_pods_is_idle() -> None:
    (found,) = find_deployment(deployment(replicas=0))

    assert found.is_idle


def test_other_deployments_are_not_found() -> None:
    assert list(find_deployment(deployment("nginx:1"))) == []


@pytest.mark.parametrize(
    "labels", [{"app": "ingress-appgw"}, {"helm.sh/chart": "ingress-azure-1.9"}]
)
def test_a_deployment_with_agics_labels_is_found_whatever_its_image(labels: dict[str, str]) -> None:
    raw = deployment("registry.example.com/mirror/agic:1")
    raw["metadata"] = {**raw["metadata"], "labels": labels}

    assert [found.name for found in find_deployment(raw)] == ["agic"]


def pod(owner: str = "", phase: str = "Running", image: str = IMAGE) -> dict[str, Any]:
    raw = named(spec={"containers": [{"image": image}]}, status={"phase": phase})
    owners = [{"kind": owner}] if owner else []
    return {**raw, "metadata": {**raw["metadata"], "ownerReferences": owners}}


def test_a_pod_that_no_deployment_stands_for_is_found() -> None:
    (found,) = find_pod(pod())

    assert (found.kind, found.name, found.is_idle) == (ControllerKind.POD, "agic", False)
    assert len(list(find_pod(pod("StatefulSet")))) == 1


@pytest.mark.parametrize("raw", [pod("ReplicaSet"), pod(phase="Succeeded"), pod(image="nginx")])
def test_other_pods_are_not_found(raw: dict[str, Any]) -> None:
    assert list(find_pod(raw)) == []


def test_a_release_of_agics_chart_is_found_by_its_name() -> None:
    (found,) = find_release(release())

    assert (found.kind, found.namespace, found.name) == (ControllerKind.HELM, "ingress", "agic")


@pytest.mark.parametrize(
    "raw",
    [
        release(chart="nginx"),
        release(status="superseded"),
        {**release(), "data": {"release": "!"}},
        {**release(), "data": {"release": base64.b64encode(b"AAAA").decode()}},
        {**release(), "data": {}},
    ],
)
def test_other_releases_and_what_is_none_are_not_found(raw: dict[str, Any]) -> None:
    assert list(find_release(raw)) == []


def test_flux_is_asked_for_the_chart_that_it_installs() -> None:
    spec = {"chart": {"spec": {"chart": "ingress-azure"}}}

    (found,) = find_flux(named(spec=spec))
    (asleep,) = find_flux(named(spec={**spec, "suspend": True}))

    assert (found.kind, found.is_idle, asleep.is_idle) == (ControllerKind.GITOPS, False, True)
    assert list(find_flux(named(spec={"chart": {"spec": {"chart": "nginx"}}}))) == []


@pytest.mark.parametrize(
    "spec", [{"source": {"chart": "ingress-azure"}}, {"sources": [{"chart": "ingress-azure"}]}]
)
def test_argo_is_asked_for_the_chart_that_it_installs(spec: dict[str, Any]) -> None:
    (found,) = find_argo(named(spec=spec))

    assert found.kind is ControllerKind.GITOPS
    assert list(find_argo(named(spec={"source": {"path": "charts/shop"}}))) == []


@pytest.mark.parametrize(
    ("status", "found"),
    [({}, "10.1.0.0/24"), ({"state": "Succeeded"}, "10.1.0.0/24"), ({"state": "Failed"}, "")],
)
def test_what_may_reach_an_overlay_counts_where_it_is_in_force(
    status: dict[str, str], found: str
) -> None:
    raw = {"spec": {"extensionIPRange": "10.1.0.0/24"}, "status": status}

    assert find_extension(raw) == found
