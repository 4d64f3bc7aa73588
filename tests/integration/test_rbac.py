"""The rights in docs/reference/rbac.yaml are enough for the controller; what it says with fewer."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule.app.clock import SystemClock
from bascule.controller.cache import ClusterState
from bascule.controller.feed import KubeFeed
from bascule.controller.loop import Controller, ControllerOptions
from bascule.controller.ports import ControllerPorts
from bascule.controller.report import KubeReporter, ReportOptions
from bascule.ids import Cluster
from bascule.kube.client import KubeClient
from bascule.kube.connection import ClientCertificate, Connection
from bascule.routing.options import BuildOptions
from tests.support.controller_world import ALL_BLUE, FakeLastGood
from tests.support.fake_driver import FakeDriver
from tests.support.lab_api import LabApi
from tests.support.raw_objects import raw_ingress, raw_service, raw_slice
from tests.support.waiting import eventually

MANIFEST = Path(__file__).parents[2] / "docs" / "reference" / "rbac.yaml"
USER = "system:serviceaccount:bascule:bascule"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PATH_BY_KIND = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/bascule/serviceaccounts",
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
    "Service": "/api/v1/namespaces/shop/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
}
PLAIN = BuildOptions()
APPGW = BuildOptions(reads_probes=True, reads_rewrites=True)
READ = ["ingresses", "endpointslices", "secrets"]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[LabApi]:
    """A cluster with a shop, an Ingress whose Service is not there, and the rights."""
    async with LabApi(tmp_path) as api:
        await create(api, *yaml.safe_load_all(MANIFEST.read_text()))
        await create(api, {"kind": "Namespace", "metadata": {"name": "shop"}})
        lost = raw_ingress("lost", host="lost.example.com", service="absent")
        await create(api, raw_ingress(), raw_service(), raw_slice(addresses=["127.64.0.1"]), lost)
        yield api


async def create(api: LabApi, *raws: dict[str, Any]) -> None:
    for raw in raws:
        for ours in ("resourceVersion", "creationTimestamp", "uid"):
            raw["metadata"].pop(ours, None)
        answer = await api.ask("POST", PATH_BY_KIND[raw["kind"]], raw)
        assert answer.code == 201, answer.text


async def forbid(api: LabApi, role: str, resource: str, verb: str) -> None:
    """Take one right away from a role."""
    found = (await api.ask("GET", f"{RBAC}/clusterroles/{role}")).json
    rules = []
    for rule in found["rules"]:
        others = [name for name in rule["resources"] if name != resource]
        verbs = [one for one in rule["verbs"] if one != verb]
        if resource not in rule["resources"]:
            rules.append(rule)
            continue
        rules += [{**rule, "resources": others}] if others else []
        rules += [{**rule, "resources": [resource], "verbs": verbs}] if verbs else []
    body = {**found, "rules": rules}
    answer = await api.ask("PUT", f"{RBAC}/clusterroles/{role}", body)
    assert answer.code == 200, answer.text


@asynccontextmanager
async def controller_of(api: LabApi, build: BuildOptions = PLAIN) -> AsyncIterator[Controller]:
    """Run a controller that logs in as the service account of the manifest."""
    access = api.server.access("test", user=USER, groups=())
    connection = Connection(
        name="test",
        server=access.server,
        ca_pem=access.authority_pem,
        certificate=ClientCertificate(chain_pem=access.certificate_pem, key_pem=access.key_pem),
    )
    clock, rng = SystemClock(), random.Random(5)  # noqa: S311 - jitter, not a secret
    options = ReportOptions(addresses=("192.0.2.7",))
    async with KubeClient(connection, clock=clock) as client, asyncio.TaskGroup() as group:
        ports = ControllerPorts(
            driver=FakeDriver(clock),
            feeds={Cluster.BLUE: KubeFeed(client, clock=clock, rng=rng)},
            last_good=FakeLastGood(),
            reporters=(KubeReporter(client, Cluster.BLUE, clock=clock, options=options),),
        )
        controller = Controller(
            ports, split=ALL_BLUE, clock=clock, rng=rng, options=ControllerOptions(build=build)
        )
        task = group.create_task(controller.run())
        try:
            yield controller
        finally:
            task.cancel()


async def events(api: LabApi) -> list[Any]:
    answer = await api.ask("GET", "/api/v1/namespaces/shop/events")
    return [event for event in answer.json["items"] if event["reason"] == "ServiceNotFound"]


async def is_addressed(api: LabApi) -> bool:
    answer = await api.ask("GET", f"{PATH_BY_KIND['Ingress']}/shop")
    return bool(answer.json.get("status", {}).get("loadBalancer", {}).get("ingress"))


async def test_the_rights_of_the_manifest_are_enough(api: LabApi) -> None:
    async def is_told_twice() -> bool:
        return [event["count"] for event in await events(api)] == [2]

    async with controller_of(api) as controller:
        await eventually(
            lambda: controller.view().clusters[Cluster.BLUE].state is ClusterState.SYNCED
        )
        await eventually(lambda: events(api))
        await eventually(lambda: is_addressed(api))
    async with controller_of(api):
        await eventually(is_told_twice)

    (event,) = await events(api)
    assert event["involvedObject"]["uid"]


@pytest.mark.parametrize("resource", READ)
async def test_a_right_to_read_that_is_missing_is_named(api: LabApi, resource: str) -> None:
    await forbid(api, "bascule", resource, "list")

    async with controller_of(api) as controller:
        await eventually(lambda: controller.view().clusters[Cluster.BLUE].reason)
        blue = controller.view().clusters[Cluster.BLUE]

    assert not blue.is_complete
    assert f'"{USER}" cannot list resource "{resource}"' in blue.reason


async def test_pods_are_read_only_for_a_gateway_that_probes_and_rewrite_rules_need_not_be_known(
    api: LabApi,
) -> None:
    async with controller_of(api, APPGW) as controller:
        await eventually(lambda: controller.view().clusters[Cluster.BLUE].is_complete)
    await forbid(api, "bascule-appgw", "pods", "list")
    async with controller_of(api) as controller:
        await eventually(lambda: controller.view().clusters[Cluster.BLUE].is_complete)
    async with controller_of(api, APPGW) as controller:
        await eventually(lambda: controller.view().clusters[Cluster.BLUE].reason)
        blue = controller.view().clusters[Cluster.BLUE]

    assert f'"{USER}" cannot list resource "pods"' in blue.reason


@pytest.mark.parametrize("verb", ["create", "patch"])
async def test_without_a_right_to_write_the_cluster_is_served_all_the_same(
    api: LabApi, verb: str
) -> None:
    await forbid(api, "bascule", "events", verb)
    await forbid(api, "bascule-status", "ingresses/status", "patch")

    async with controller_of(api) as controller:
        await eventually(lambda: controller.view().applied_table_digest)

        assert controller.view().clusters[Cluster.BLUE].state is ClusterState.SYNCED
        assert not await is_addressed(api)
