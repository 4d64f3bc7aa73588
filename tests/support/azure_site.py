"""A lab's Azure that listens, with the article's platform and AGIC's own document on its gateway.

It runs in a thread of its own, so that a test can call the command as a user does. Clusters and
gateways are documents only: nothing else listens.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from bascule.lab.arm.assembly import Ground, LabAzure
from bascule.lab.arm.entra.sign_in import no_keys
from bascule.lab.arm.front import RawRequest
from bascule.lab.arm.requests import ArmReply
from bascule.lab.arm.server import ADDRESS, ArmServer
from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.supervisor.description import AzureDescription
from bascule.lab.wall_clock import WallClock
from tests.support.agic_document import build_agic_gateway

GROUP = "AKS_Upgrade"
LOCATION = "chinanorth2"
CALL_S = 20.0
TRIES_MAX = 400
ROLE_DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions"
Body = dict[str, Any]
DESCRIPTION = AzureDescription(seed=7, location=LOCATION)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A service principal that can sign in."""

    app_id: str
    secret: str


@dataclass(kw_only=True)
class AzureSite:
    """The lab, and how a test speaks with it."""

    azure: LabAzure
    url: str
    ca_file: Path
    run: Callable[[Awaitable[Any]], Any]
    tokens: dict[str, str]

    @property
    def subscription(self) -> str:
        return f"/subscriptions/{self.azure.identity.subscription_id}"

    @property
    def group(self) -> str:
        return f"{self.subscription}/resourceGroups/{GROUP}"

    def id_of(self, kind: str, name: str) -> str:
        return f"{self.group}/providers/{kind}/{name}"

    def environment(self, caller: Caller) -> dict[str, str]:
        """Return what `bascule lab env` would export for a service principal."""
        return {
            "AZURE_TENANT_ID": self.azure.identity.tenant_id,
            "AZURE_CLIENT_ID": caller.app_id,
            "AZURE_CLIENT_SECRET": caller.secret,
            "AZURE_SUBSCRIPTION_ID": self.azure.identity.subscription_id,
            "SSL_CERT_FILE": str(self.ca_file),
        }

    def add_caller(self, name: str, role: str, scope: str = "") -> Caller:
        """Return a new service principal with a role, named as in its definition."""
        directory = self.azure.directory
        application = directory.add_application(name)
        principal = directory.add_service_principal(application["appId"])
        _, secret = directory.add_secret(application["appId"])
        where = scope or self.subscription
        listed = self.ask("GET", f"{where}/{ROLE_DEFINITIONS}")
        definition = next(
            each["id"] for each in listed["value"] if each["properties"]["roleName"] == role
        )
        self.ask(
            "PUT",
            f"{where}/providers/Microsoft.Authorization/roleAssignments/{principal['id']}",
            {"properties": {"roleDefinitionId": definition, "principalId": principal["id"]}},
        )
        return Caller(app_id=application["appId"], secret=secret)

    def add_role(self, rendered: Mapping[str, Any]) -> str:
        """Make a custom role as `az role definition create` does; return its name."""
        number = str(uuid5(NAMESPACE_URL, rendered["Name"]))
        self.ask(
            "PUT",
            f"{self.subscription}/{ROLE_DEFINITIONS}/{number}",
            {
                "properties": {
                    "roleName": rendered["Name"],
                    "description": rendered["Description"],
                    "type": "CustomRole",
                    "assignableScopes": rendered["AssignableScopes"],
                    "permissions": [
                        {"actions": rendered["Actions"], "notActions": rendered["NotActions"]}
                    ],
                }
            },
        )
        return str(rendered["Name"])

    def ask(self, method: str, path: str, body: Body | None = None) -> Any:
        """Ask as the lab's owner; return what is answered, which must be no refusal."""
        reply = self.run(self._ask(self.owner, method, path, body))
        assert reply.status < 400, reply.body
        return reply.body

    def code_of(self, caller: Caller, method: str, path: str, body: Body | None = None) -> str:
        """Ask as somebody; return the code of the refusal, nothing when there is none."""
        reply = self.run(self._ask(caller, method, path, body))
        found = reply.body if isinstance(reply.body, dict) else {}
        return str(found.get("error", found).get("code", "")) if reply.status >= 400 else ""

    def put(self, path: str, body: Body) -> Body:
        """Make something and wait until it is there; return its document."""
        self.ask("PUT", path, body)
        return self.settle(path)

    def settle(self, path: str) -> Body:
        """Wait until a resource is at rest; return its document."""
        return dict(self.run(self._settle(path)))

    def writes_of(self, caller: Caller) -> int:
        """Return how many requests of a caller could have changed something."""
        return self._count(caller, "writes")

    def reads_of(self, caller: Caller) -> int:
        return self._count(caller, "reads")

    def _count(self, caller: Caller, kind: str) -> int:
        callers = self.azure.admin.counters.to_json()["callers"]
        return int(callers.get(caller.app_id, {kind: 0})[kind])

    @property
    def owner(self) -> Caller:
        identity = self.azure.identity
        return Caller(app_id=identity.first_app_id, secret=identity.first_secret)

    async def _ask(
        self, caller: Caller, method: str, path: str, body: Body | None = None
    ) -> ArmReply:
        if caller.app_id not in self.tokens:
            form = {
                "grant_type": "client_credentials",
                "client_id": caller.app_id,
                "client_secret": caller.secret,
                "scope": f"{self.url}/.default",
            }
            place = f"/{self.azure.identity.tenant_id}/oauth2/v2.0/token"
            reply = await self.azure.front.answer(_raw("POST", place, {}, urlencode(form)))
            self.tokens[caller.app_id] = reply.body["access_token"]
        headers = {"authorization": f"Bearer {self.tokens[caller.app_id]}"}
        content = "" if body is None else json.dumps(body)
        return await self.azure.front.answer(_raw(method, path, headers, content))

    async def _settle(self, path: str) -> Body:
        for _ in range(TRIES_MAX):
            found = dict((await self._ask(self.owner, "GET", path)).body)
            state = found.get("properties", {}).get("provisioningState", "Succeeded")
            if state in {"Succeeded", "Failed"}:
                assert state == "Succeeded", found
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"{path} does not come to rest")


@dataclass(frozen=True, kw_only=True)
class _Gate:
    """Between the thread of the lab and that of a test."""

    run: Callable[[Awaitable[Any]], Any]
    opened: Future[AzureSite]
    stop: asyncio.Event


@contextmanager
def azure_site(
    directory: Path, description: AzureDescription = DESCRIPTION, *, live: Path | None = None
) -> Iterator[AzureSite]:
    """Yield a lab's Azure that answers on a port of its own; with `live`, all in it is alive."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="azure-site")
    thread.start()

    def run(work: Awaitable[Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(_wrap(work), loop).result(CALL_S)

    opened: Future[AzureSite] = Future()
    gate = _Gate(run=run, opened=opened, stop=asyncio.Event())
    serving = asyncio.run_coroutine_threadsafe(_serve(directory, description, live, gate), loop)
    try:
        either: tuple[Future[Any], ...] = (serving, opened)
        wait(either, CALL_S, FIRST_COMPLETED)
        if not opened.done():
            serving.result(0)
        yield opened.result(0)
    finally:
        loop.call_soon_threadsafe(gate.stop.set)
        wait((serving,), CALL_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CALL_S)
        loop.close()


async def _serve(
    directory: Path, description: AzureDescription, live: Path | None, gate: _Gate
) -> None:
    clock, secrets = WallClock(), count(1)
    certificates = Certificates(directory / "pki", clock=clock, address=ADDRESS)
    ca_file = directory / "ca.pem"
    ca_file.write_bytes(certificates.authority_pem)
    context = certificates.server_context()
    context.verify_mode = ssl.CERT_NONE
    server = ArmServer(context)
    port, _ = await server.open(0, 0)
    ground = Ground(
        clock=clock,
        url=f"https://localhost:{port}",
        signing_key=certificates.token_key,
        make_secret=lambda: f"secret-{next(secrets)}",
        issuer_keys=no_keys,
        entropy=b"a test",
        directory=live,
    )
    azure = LabAzure(description, ground)
    async with azure.running():
        server.serve(azure)
        gate.opened.set_result(
            AzureSite(azure=azure, url=ground.url, ca_file=ca_file, run=gate.run, tokens={})
        )
        await gate.stop.wait()
        await server.close()


def make_article_platform(site: AzureSite, *, has_agic: bool = True) -> None:
    """Make what the article makes: group, network, address, gateway and the old cluster."""
    site.ask("PUT", site.group, {"location": LOCATION})
    network = site.id_of("Microsoft.Network/virtualNetworks", "AksVnet")
    subnets = [("AppGwSubnet", "10.1.0.0/16"), ("AksSubnet", "10.240.0.0/16")]
    site.put(
        network,
        {
            "location": LOCATION,
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
                "subnets": [
                    {"name": name, "properties": {"addressPrefix": prefix}}
                    for name, prefix in subnets
                ],
            },
        },
    )
    address = site.id_of("Microsoft.Network/publicIPAddresses", "AppGatewayIp")
    site.put(
        address,
        {
            "location": LOCATION,
            "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static"},
        },
    )
    cluster = site.id_of("Microsoft.ContainerService/managedClusters", "old")
    make_cluster(site, "old")
    gateway = site.id_of("Microsoft.Network/applicationGateways", "AppGateway")
    body = build_agic_gateway(
        gateway,
        subnet_id=f"{network}/subnets/AppGwSubnet",
        address_id=address,
        cluster_id=cluster if has_agic else "",
    )
    site.put(gateway, {"location": LOCATION, **body})


def make_cluster(site: AzureSite, name: str, **properties: Any) -> Mapping[str, Any]:
    """Make a cluster in the article's subnet, as the article does."""
    network = site.id_of("Microsoft.Network/virtualNetworks", "AksVnet")
    pool = {
        "name": "nodepool1",
        "count": 3,
        "vmSize": "Standard_D2s_v5",
        "mode": "System",
        "vnetSubnetID": f"{network}/subnets/AksSubnet",
    }
    return site.put(
        site.id_of("Microsoft.ContainerService/managedClusters", name),
        {
            "location": LOCATION,
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "kubernetesVersion": "1.35",
                "dnsPrefix": name,
                "agentPoolProfiles": [pool],
                "networkProfile": {"networkPlugin": "azure"},
                **properties,
            },
        },
    )


async def _wrap(work: Awaitable[Any]) -> Any:
    return await work


def _raw(method: str, path: str, headers: Mapping[str, str], body: str) -> RawRequest:
    return RawRequest(
        method=method,
        path=path,
        query={"api-version": "2025-07-01"},
        headers=headers,
        body=body.encode(),
    )
