"""Looking for AGIC inside a cluster, over the Kubernetes API of a lab cluster."""

import base64
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.checks.azure.facts import ControllerKind, InsideFacts
from bascule.inventory.azure.inside import fetch_inside
from bascule.kube.client import KubeClient
from bascule.kube.connection import ClientCertificate, Connection
from tests.support.lab_api import LabApi

IMAGE = "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.9.8"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[LabApi]:
    """A cluster with AGIC as a Helm release and the Deployment of it."""
    async with LabApi(tmp_path) as api:
        labels = {"app": "agic"}
        pod = {"containers": [{"name": "agic", "image": IMAGE}]}
        deployment = {
            "metadata": {"name": "agic", "namespace": "kube-system"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
        chart = json.dumps({"chart": {"metadata": {"name": "ingress-azure"}}}).encode()
        packed = base64.b64encode(base64.b64encode(gzip.compress(chart))).decode()
        release = {
            "metadata": {
                "name": "sh.helm.release.v1.agic.v1",
                "labels": {"owner": "helm", "name": "agic", "status": "deployed"},
            },
            "type": "helm.sh/release.v1",
            "data": {"release": packed},
        }
        core = "/api/v1/namespaces/kube-system/secrets"
        apps = "/apis/apps/v1/namespaces/kube-system/deployments"
        for path, raw in ((apps, deployment), (core, release)):
            answer = await api.ask("POST", path, raw)
            assert answer.code == 201, answer.text
        yield api


async def look(api: LabApi, user: str, *groups: str) -> InsideFacts:
    access = api.server.access("test", user=user, groups=groups)
    connection = Connection(
        name="test",
        server=access.server,
        ca_pem=access.authority_pem,
        certificate=ClientCertificate(chain_pem=access.certificate_pem, key_pem=access.key_pem),
    )
    async with KubeClient(connection, clock=SystemClock()) as client:
        return await fetch_inside(client)


async def test_a_release_and_its_deployment_are_found_and_what_cannot_be_there_is_no_matter(
    api: LabApi,
) -> None:
    found = await look(api, "admin", "system:masters")

    assert {(each.kind, each.name) for each in found.controllers} == {
        (ControllerKind.DEPLOYMENT, "agic"),
        (ControllerKind.HELM, "agic"),
    }
    assert found.unseen == ()
    assert found.extensions == ()  # the cluster has no such kind


async def test_what_may_not_be_listed_is_told(api: LabApi) -> None:
    found = await look(api, "nobody")

    assert found.controllers == ()
    assert {"the Deployments", "the secrets of Helm"} <= {each.what for each in found.unseen}
    assert found.extensions is None
