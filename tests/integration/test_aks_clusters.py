"""A managed cluster as a real process: pods at loopback addresses, scaled, upgraded, stopped."""

import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.authorization.provider import AuthorizationProvider
from bascule.lab.arm.containers.credentials import SERVER_ID
from bascule.lab.arm.containers.processes import ClusterProcesses
from bascule.lab.arm.containers.provider import ContainerServiceProvider
from bascule.lab.arm.entra.jwt import Signer
from bascule.lab.arm.latency import FastDurations
from bascule.lab.arm.operations import Operations
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.world import ArmWorld
from bascule.lab.supervisor.processes import load_record
from bascule.lab.wall_clock import WallClock
from tests.support.aks_world import AKS, SUBNET, VNET, body_of
from tests.support.arm_world import ADMIN, TENANT, ask, make_world, running
from tests.support.lab_plane import deployment, service
from tests.support.waiting import eventually

OLD = f"{AKS}/old"
SOMEBODY = "55555555-5555-5555-5555-555555555555"


class Site:
    def __init__(self, directory: Path, world: ArmWorld) -> None:
        self.directory = directory
        self.world = world
        self.signer = Signer(ec.generate_private_key(ec.SECP256R1()))
        self.begin()

    def begin(self) -> None:
        """Begin as a new process of the lab's Azure does, with the documents of before."""
        principals = Principals(self.world.clock, self.world.resources)
        self.provider = ContainerServiceProvider(
            self.world,
            ClusterProcesses(self.directory),
            principals,
            Quotas(self.world),
            sign_in_key=self.signer.key_set()["keys"][0],
        )
        self.roles = AuthorizationProvider(self.world, principals)
        self.roles.on_change = self.provider.on_roles_changed

    async def change(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for what takes long, and wait for it; return the cluster's document."""
        await ask(self.provider, method, path, body)
        operation = self.world.operations.all()[-1]
        await eventually(lambda: operation.is_ended, within_s=30)
        assert operation.status == "Succeeded", operation.error
        return (await ask(self.provider, "GET", OLD)).body

    async def kube(self) -> "Kube":
        reply = await ask(self.provider, "POST", f"{OLD}/listClusterAdminCredential")
        return Kube(base64.b64decode(reply.body["kubeconfigs"][0]["value"]), self.directory)

    def token(self, object_id: str, audience: str) -> str:
        """Return what the lab's sign-in gives to somebody."""
        now_s = int(self.world.clock.now().timestamp())
        claims = {"aud": audience, "tid": TENANT, "oid": object_id}
        return self.signer.sign({**claims, "nbf": now_s, "exp": now_s + 600})


class Kube:
    """The cluster's API, as the kubeconfig that ARM gives says."""

    def __init__(self, kubeconfig: bytes, directory: Path) -> None:
        config = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.url = cluster["server"]
        self._paths = {}
        for name, source in (
            ("ca", cluster["certificate-authority-data"]),
            ("crt", user["client-certificate-data"]),
            ("key", user["client-key-data"]),
        ):
            self._paths[name] = directory / f"test.{name}"
            self._paths[name].write_bytes(base64.b64decode(source))

    async def ask(self, path: str, body: Any = None) -> Any:

        context = ssl.create_default_context(cafile=str(self._paths["ca"]))
        context.load_cert_chain(self._paths["crt"], self._paths["key"])
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                "GET" if body is None else "POST", self.url + path, json=body, ssl=context
            ) as reply,
        ):
            return await reply.json()

    async def status_for(self, token: str) -> int:
        """Return how the nodes are answered to somebody who shows a token."""
        context = ssl.create_default_context(cafile=str(self._paths["ca"]))
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.url + "/api/v1/nodes", headers=headers, ssl=context) as reply,
        ):
            return reply.status

    async def ready_pods(self) -> list[dict[str, Any]]:
        pods = (await self.ask("/api/v1/namespaces/default/pods"))["items"]
        return [pod for pod in pods if _is_ready(pod)]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path, _world())
    async with running(site.world):
        try:
            yield site
        finally:
            await site.provider.stop()


async def test_a_managed_cluster_lives_through_scaling_upgrade_and_a_stop(site: Site) -> None:
    document = await site.change("PUT", OLD, _body(count=2))
    kube = await site.kube()
    await kube.ask("/apis/apps/v1/namespaces/default/deployments", deployment("web", 2))
    await eventually(lambda: _two_ready(kube))

    [pod, _] = await kube.ready_pods()
    address = pod["status"]["podIP"]
    assert address.startswith("10.199.")
    assert pod["status"]["hostIP"] in {"10.199.0.4", "10.199.0.5"}
    assert await _pod_behind(address) == f"default/{pod['metadata']['name']}"

    stranger, owner = site.token(SOMEBODY, SERVER_ID), site.token(ADMIN.object_id, SERVER_ID)
    assert await kube.status_for(site.token(ADMIN.object_id, "https://other")) == 401
    assert await kube.status_for(owner) == 403
    role = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"
    given = {"roleDefinitionId": role, "principalId": ADMIN.object_id, "principalType": "User"}
    path = f"{OLD}/providers/Microsoft.Authorization/roleAssignments/admin"
    await ask(site.roles, "PUT", path, {"properties": given})
    assert await kube.status_for(owner) == 200
    assert await kube.status_for(stranger) == 403

    balanced = await kube.ask("/api/v1/namespaces/default/services", _balanced())
    assert balanced["kind"] == "Service", balanced
    await eventually(lambda: _answers_at_its_balancer(kube))

    api = await kube.ask("/api/v1/namespaces/default/services/kubernetes")
    assert api["spec"]["clusterIP"] == "10.0.0.1"

    site.begin()
    await site.provider.start()
    assert pod["metadata"]["uid"] in {
        each["metadata"]["uid"] for each in await kube.ready_pods()
    }, "a cluster that outlived the lab's Azure is taken over, not started again"

    document["properties"]["agentPoolProfiles"][0]["count"] = 3
    document = await site.change("PUT", OLD, document)
    assert await _kubelets(kube) == ["v1.35.3"] * 3

    document["properties"]["kubernetesVersion"] = "1.36.1"
    document["properties"]["agentPoolProfiles"][0]["orchestratorVersion"] = "1.36.1"
    await site.change("PUT", OLD, document)
    assert await _kubelets(kube) == ["v1.36.1"] * 3
    assert (await kube.ask("/version"))["gitVersion"].startswith("v1.36.1")
    await eventually(lambda: _two_ready(kube))
    assert pod["metadata"]["name"] not in {
        each["metadata"]["name"] for each in await kube.ready_pods()
    }

    await site.change("POST", f"{OLD}/stop")
    assert [load_record(path) for path in site.directory.glob("*/cluster.pid")] == []
    await site.change("POST", f"{OLD}/start")
    await eventually(lambda: _two_ready(kube))
    await ask(site.provider, "DELETE", OLD)
    await eventually(lambda: site.world.operations.all()[-1].is_ended)
    assert list(site.directory.glob("*/plan.json")) == []


async def _two_ready(kube: Kube) -> bool:
    return len(await kube.ready_pods()) == 2


async def _answers_at_its_balancer(kube: Kube) -> bool:
    found = await kube.ask("/api/v1/namespaces/default/services/web")
    ingress = (found["status"].get("loadBalancer") or {}).get("ingress") or []
    if not ingress:
        return False
    with contextlib.suppress(aiohttp.ClientError):
        return (await _pod_behind(ingress[0]["ip"], 8088)).startswith("default/web-")
    return False


async def _kubelets(kube: Kube) -> list[str]:
    nodes = (await kube.ask("/api/v1/nodes"))["items"]
    return [node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes]


async def _pod_behind(address: str, port: int = 8080) -> str:
    """Return who answers at the loopback twin of a pod's address."""
    real = "127" + address.removeprefix("10")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{real}:{port}/") as reply,
    ):
        return str(reply.headers["x-lab-pod"])


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _balanced() -> dict[str, Any]:
    ports = [{"name": "http", "port": 8088, "targetPort": 8080}]
    return service("web", type="LoadBalancer", ports=ports)


def _world() -> ArmWorld:
    made = make_world()
    clock = WallClock()
    world = ArmWorld(
        settings=made.settings,
        clock=clock,
        rng=made.rng,
        make_id=made.make_id,
        resources=made.resources,
        operations=Operations(clock, made.make_id),
        durations=FastDurations(made.rng),
    )
    subnet = {"id": SUBNET, "name": "aks", "properties": {"addressPrefix": "10.199.0.0/16"}}
    world.resources.put({"id": VNET, "name": "vnet", "properties": {"subnets": [subnet]}})
    return world


def _body(count: int) -> dict[str, Any]:
    pool = {"name": "nodepool1", "mode": "System", "count": count, "vnetSubnetID": SUBNET}
    entra = {"managed": True, "enableAzureRBAC": True}
    return body_of(agentPoolProfiles=[pool], aadProfile=entra)
