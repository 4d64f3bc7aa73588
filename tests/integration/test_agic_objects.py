"""Objects that only an Application Gateway needs, from an API server: Pods and rewrite rules."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bascule.app.clock import SystemClock
from bascule.controller.cache import ClusterCache, ClusterState
from bascule.controller.feed import KubeFeed
from bascule.inventory.fetch import Asked, fetch_cluster
from bascule.kube.client import KubeClient
from bascule.kube.connection import ClientCertificate, Connection
from bascule.manifest.snapshot import ClusterSnapshot, diff_snapshots
from bascule.routing.options import BuildOptions
from tests.support.lab_api import LabApi
from tests.support.raw_objects import Raw

KINDS = BuildOptions(reads_probes=True, reads_rewrites=True).kinds
GROUP, PLURAL = "appgw.ingress.azure.io", "azureapplicationgatewayrewrites"
DEFINITION: Raw = {
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": PLURAL, "kind": "AzureApplicationGatewayRewrite"},
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
POD: Raw = {
    "metadata": {"name": "web-1"},
    "spec": {
        "containers": [
            {
                "name": "main",
                "image": "web",
                "ports": [{"containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
            }
        ]
    },
}
RULES: Raw = {
    "apiVersion": f"{GROUP}/v1beta1",
    "kind": "AzureApplicationGatewayRewrite",
    "metadata": {"name": "headers"},
    "spec": {"rewriteRules": [{"name": "one", "ruleSequence": 7}]},
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[LabApi]:
    async with LabApi(tmp_path) as api:
        await _create(api, "/api/v1/namespaces", {"metadata": {"name": "shop"}})
        await _create(api, "/api/v1/namespaces/shop/pods", POD)
        yield api


async def _create(api: LabApi, path: str, raw: dict[str, Any]) -> None:
    answer = await api.ask("POST", path, raw)
    assert answer.code == 201, answer.text


async def _define_rewrites(api: LabApi) -> None:
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await _create(api, definitions, DEFINITION)
    await _create(api, f"/apis/{GROUP}/v1beta1/namespaces/shop/{PLURAL}", RULES)


async def _fetch(api: LabApi) -> ClusterSnapshot:
    access = api.server.access("test")
    connection = Connection(
        name="test",
        server=access.server,
        ca_pem=access.authority_pem,
        certificate=ClientCertificate(chain_pem=access.certificate_pem, key_pem=access.key_pem),
    )
    clock = SystemClock()
    async with KubeClient(connection, clock=clock) as client:
        asked = Asked(client=client, name="blue", server=access.server)
        facts = await fetch_cluster(asked, KINDS)
        feed = KubeFeed(client, clock=clock, rng=random.Random(3))  # noqa: S311 - jitter only
        cache = ClusterCache(clock.now(), KINDS)
        for kind in KINDS:
            events = feed.follow(kind)
            cache.take(kind, await anext(events), clock.now())
            await events.aclose()
    assert cache.knowledge().state is ClusterState.SYNCED
    assert not diff_snapshots(cache.snapshot, facts.snapshot)
    return facts.snapshot


async def test_a_cluster_without_azures_custom_resources_is_known_whole(api: LabApi) -> None:
    found = await _fetch(api)

    pod = found.pod("shop", "web-1")
    assert found.is_complete
    assert found.rewrite("shop", "headers") is None
    assert pod is not None
    assert pod.containers[0].readiness is not None
    assert pod.containers[0].readiness.path == "/ready"


async def test_rewrite_rules_are_read_where_the_cluster_knows_them(api: LabApi) -> None:
    await _define_rewrites(api)

    found = (await _fetch(api)).rewrite("shop", "headers")

    assert found is not None
    assert found.spec == '{"rewriteRules":[{"name":"one","ruleSequence":7}]}'
