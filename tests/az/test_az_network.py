"""The real az makes the article's network and gateway, and changes every part of it."""

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tests.support.real_az import CREDENTIAL, RealAz, azure_lab
from tests.support.waiting import eventually

GROUP = ("--resource-group", "AKS_Upgrade")
PARTS = (*GROUP, "--gateway-name", "AppGateway")
ITSELF = (*GROUP, "--name", "AppGateway")
BACKEND = ("127.240.0.200", 18_080)
IN_AZURE = "10.240.0.200"


class Pod(BaseHTTPRequestHandler):
    """Answers like a pod behind the gateway."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"pod")

    @override
    def log_message(self, format: str, *args: Any) -> None:
        return


def article_port() -> tuple[str, ...]:
    """Return no option where port 80 may be bound, as in the article; else another port."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.255.0.1", 80))
        except PermissionError:
            return ("--frontend-port", "8080")
    return ()


CREATE = (
    *("network", "application-gateway", "create", *ITSELF, "-l", "ChinaNorth2"),
    *("--vnet-name", "AksVnet", "--subnet", "AppGwSubnet", "--sku", "Standard_v2"),
    *("--public-ip-address", "AppGatewayIp", *article_port()),
)


@pytest.fixture(scope="module")
def pod() -> Iterator[None]:
    server = ThreadingHTTPServer(BACKEND, Pod)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory, pod: None) -> Iterator[RealAz]:
    """The lab after the article's commands up to the gateway, each as it is printed there."""
    del pod
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        az.run("group", "create", "-n", "AKS_Upgrade", "-l", "ChinaNorth2")
        az.run(
            *("network", "vnet", "create", "-n", "AksVnet", *GROUP, "-l", "ChinaNorth2"),
            *("--address-prefix", "10.0.0.0/8"),
            *("--subnet-name", "AppGwSubnet", "--subnet-prefix", "10.1.0.0/16"),
        )
        az.run(
            *("network", "vnet", "subnet", "create", *GROUP, "-n", "AksSubnet"),
            *("--address-prefixes", "10.240.0.0/16", "--vnet-name", "AksVnet"),
        )
        az.run(
            *("network", "public-ip", "create", "-n", "AppGatewayIp", *GROUP),
            *("--allocation-method", "Static", "--sku", "Standard"),
        )
        refused = az.run(*CREATE, code=1)
        assert "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty" in refused
        az.run(*CREATE, "--priority", "100")
        yield az


def gateway(az: RealAz, *words: str) -> Any:
    """Ask `az network application-gateway ...`."""
    return az.ask("network", "application-gateway", *words)


def answer(url: str) -> bytes:
    """Return what is answered, nothing while the gateway knows no healthy server."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310 - http on loopback
            content: bytes = reply.read()
            return content
    except urllib.error.URLError:
        return b""


def test_the_articles_network_is_there(az: RealAz) -> None:
    subnet = az.ask(
        *("network", "vnet", "subnet", "show", *GROUP),
        *("--vnet-name", "AksVnet", "--name", "AksSubnet"),
    )
    network = az.ask("network", "vnet", "show", *GROUP, "-n", "AksVnet")
    public = az.ask("network", "public-ip", "show", *GROUP, "-n", "AppGatewayIp")

    assert subnet["id"].endswith("/virtualNetworks/AksVnet/subnets/AksSubnet")
    assert subnet["addressPrefix"] == "10.240.0.0/16"
    assert [each["name"] for each in network["subnets"]] == ["AppGwSubnet", "AksSubnet"]
    assert public["publicIPAllocationMethod"] == "Static"
    assert public["ipAddress"].startswith("127.255.")


def test_a_deployment_by_az_leaves_a_running_gateway(az: RealAz) -> None:
    shown = gateway(az, "show", *ITSELF)
    deployments = az.ask("deployment", "group", "list", *GROUP)

    assert (shown["operationalState"], shown["provisioningState"]) == ("Running", "Succeeded")
    assert shown["requestRoutingRules"][0]["priority"] == 100
    states = sorted(each["properties"]["provisioningState"] for each in deployments)
    assert states == ["Failed", "Succeeded"]
    az.run("network", "application-gateway", "wait", *ITSELF, "--created", "--interval", "1")


async def test_real_requests_reach_a_pool_that_az_has_filled(az: RealAz) -> None:
    gateway(
        az,
        *("http-settings", "update", *PARTS, "-n", "appGatewayBackendHttpSettings"),
        *("--port", str(BACKEND[1])),
    )
    pool = ("address-pool", "update", *PARTS, "-n", "appGatewayBackendPool")
    gateway(az, *pool, "--servers", IN_AZURE)
    address = az.ask("network", "public-ip", "show", *GROUP, "-n", "AppGatewayIp")["ipAddress"]
    (port,) = gateway(az, "frontend-port", "list", *PARTS)

    await eventually(lambda: answer(f"http://{address}:{port['port']}/") == b"pod")
    health = gateway(az, "show-backend-health", *ITSELF)
    servers = health["backendAddressPools"][0]["backendHttpSettingsCollection"][0]["servers"]
    assert [(each["address"], each["health"]) for each in servers] == [(IN_AZURE, "Healthy")]


async def test_each_request_is_a_row_of_the_workspace_that_az_sends_logs_to(az: RealAz) -> None:
    gateway_id = gateway(az, "show", *ITSELF)["id"]
    workspace = az.ask("monitor", "log-analytics", "workspace", "create", *GROUP, "-n", "logs")
    made = az.ask(
        *("monitor", "diagnostic-settings", "create", "--resource", gateway_id, "-n", "logs"),
        *("--workspace", workspace["id"], "--export-to-resource-specific", "true"),
        *("--logs", json.dumps([{"category": "ApplicationGatewayAccessLog", "enabled": True}])),
    )
    listed = az.ask("monitor", "diagnostic-settings", "list", "--resource", gateway_id)
    address = az.ask("network", "public-ip", "show", *GROUP, "-n", "AppGatewayIp")["ipAddress"]
    (port,) = gateway(az, "frontend-port", "list", *PARTS)
    url = f"http://{address}:{port['port']}/logged"

    def rows() -> Any:
        text = 'AGWAccessLogs | where RequestUri == "/logged" | project ServerRouted, HttpStatus'
        where = f"{az.environment['AZURE_RESOURCE_MANAGER_ENDPOINT']}/loganalytics"
        query = ("--method", "post", "--url", f"{where}/v1{gateway_id}/query")
        body = ("--resource", where, "--body", json.dumps({"query": text}))
        return az.ask("rest", *query, *body)["tables"][0]["rows"]

    await eventually(lambda: answer(url) and rows(), within_s=60.0)

    assert made["logAnalyticsDestinationType"] == "Dedicated"
    assert [each["name"] for each in listed] == ["logs"]
    assert workspace["customerId"]
    assert rows()[0] == [f"{IN_AZURE}:{BACKEND[1]}", 200]


def test_parts_are_made_changed_listed_and_deleted(az: RealAz) -> None:
    gateway(
        az,
        *("address-pool", "create", *PARTS, "-n", "green"),
        *("--servers", "10.241.0.4", "10.241.0.5"),
    )
    pools = gateway(az, "address-pool", "list", *PARTS)
    gateway(
        az,
        *("probe", "create", *PARTS, "-n", "live", "--protocol", "http"),
        *("--host", "shop.example", "--path", "/healthz"),
    )
    probe = gateway(az, "probe", "update", *PARTS, "-n", "live", "--interval", "5")
    gateway(az, "frontend-port", "create", *PARTS, "-n", "second", "--port", "8081")
    gateway(
        az,
        *("http-listener", "create", *PARTS, "-n", "second"),
        *("--frontend-port", "second", "--host-name", "shop.example"),
    )
    rule = (
        *("rule", "create", *PARTS, "-n", "second", "--http-listener", "second"),
        *("--address-pool", "green", "--http-settings", "appGatewayBackendHttpSettings"),
        *("--rule-type", "Basic", "--priority"),
    )
    refused = az.run("network", "application-gateway", *rule, "100", code=1)
    gateway(az, *rule, "200")
    made = gateway(az, "rule", "show", *PARTS, "-n", "second")
    gateway(az, "rule", "update", *PARTS, "-n", "second", "--priority", "210")
    changed = gateway(az, "rule", "show", *PARTS, "-n", "second")

    assert [each["name"] for each in pools] == ["appGatewayBackendPool", "green"]
    assert probe["interval"] == 5
    assert probe["protocol"] == "Http"
    assert "Priority must be unique" in refused
    assert (made["priority"], changed["priority"]) == (200, 210)
    (listener,) = (
        each for each in gateway(az, "http-listener", "list", *PARTS) if each["name"] == "second"
    )
    assert listener["protocol"] == "Http"
    for part in ("rule", "http-listener"):
        gateway(az, part, "delete", *PARTS, "-n", "second")
    gateway(az, "address-pool", "delete", *PARTS, "-n", "green")
    gateway(az, "probe", "delete", *PARTS, "-n", "live")
    assert [each["name"] for each in gateway(az, "address-pool", "list", *PARTS)] == [
        "appGatewayBackendPool"
    ]


TEMPLATE = """{
  // with comments, as people write them
  "contentVersion": "1.0.0.0",
  "parameters": {"name": {"type": "string", "defaultValue": "other"}},
  "resources": [{
    "type": "Microsoft.Network/publicIPAddresses",
    "apiVersion": "2024-07-01",
    "name": "[parameters('name')]",
    "location": "[resourceGroup().location]",
    "sku": {"name": "Standard"},
    "properties": {"publicIPAllocationMethod": "Static"}
  }],
  "outputs": {"ip": {"type": "string", "value": "[reference(parameters('name')).ipAddress]"}}
}"""


def test_a_template_of_the_user_is_deployed(az: RealAz, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text(TEMPLATE)

    made = az.ask(
        *("deployment", "group", "create", *GROUP, "-n", "by-hand"),
        *("--template-file", str(template), "--parameters", "name=Second"),
    )
    steps = az.ask("deployment", "operation", "group", "list", *GROUP, "-n", "by-hand")
    az.run("network", "public-ip", "delete", *GROUP, "-n", "Second")

    assert made["properties"]["outputs"]["ip"]["value"].startswith("127.255.")
    assert [each["properties"]["statusCode"] for each in steps] == ["Created"]


def test_a_gateway_is_stopped_and_started(az: RealAz) -> None:
    gateway(az, "stop", *ITSELF)
    stopped = gateway(az, "show", *ITSELF)["operationalState"]
    gateway(az, "start", *ITSELF)

    assert stopped == "Stopped"
    assert gateway(az, "show", *ITSELF)["operationalState"] == "Running"


SDK = (
    CREDENTIAL
    + """
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import NetworkManagementClient
client = NetworkManagementClient(credential, subscription, **given)
group, told = "AKS_Upgrade", {}
space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}
network = {"location": "chinanorth2", "properties": space}
made = client.virtual_networks.begin_create_or_update(group, "sdk", network).result()
subnet = {"properties": {"addressPrefix": "10.2.0.0/16"}}
client.subnets.begin_create_or_update(group, "sdk", "one", subnet).result()
told["network"] = made.properties.provisioning_state
told["subnets"] = [each.name for each in client.subnets.list(group, "sdk")]
free = client.virtual_networks.check_ip_address_availability(
    group, "sdk", ip_address="10.2.0.1"
)
told["reserved"] = free.available
client.virtual_networks.begin_delete(group, "sdk").result()
gateways = client.application_gateways
gateway = gateways.get(group, "AppGateway")
stale = gateway.etag
gateway.tags = {"by": "sdk"}
after = gateways.begin_create_or_update(group, "AppGateway", gateway).result()
told["tags"] = after.tags
told["kept"] = len(after.properties.backend_address_pools)
try:
    gateways.begin_create_or_update(
        group, "AppGateway", gateway, headers={"If-Match": stale}
    ).result()
except HttpResponseError as error:
    told["refused"] = [error.status_code, error.error.code]
health = gateways.begin_backend_health(group, "AppGateway").result()
told["pools"] = len(health.backend_address_pools)
told["usages"] = len(list(client.usages.list("chinanorth2"))) > 3
print(json.dumps(told))
"""
)


def test_the_sdk_does_the_same(az: RealAz) -> None:
    assert az.python(SDK) == {
        "network": "Succeeded",
        "subnets": ["one"],
        "reserved": False,
        "tags": {"by": "sdk"},
        "kept": 1,
        "refused": [412, "PreconditionFailed"],
        "pools": 1,
        "usages": True,
    }


def test_what_is_in_use_stays_and_the_rest_goes_in_order(az: RealAz) -> None:
    subnet = ("network", "vnet", "subnet", "delete", *GROUP, "--vnet-name", "AksVnet", "-n")
    held = az.run(*subnet, "AppGwSubnet", code=1)
    public_ip = ("network", "public-ip", "delete", *GROUP, "-n", "AppGatewayIp")
    kept = az.run(*public_ip, code=1)

    az.run("network", "application-gateway", "delete", *ITSELF, "--no-wait")
    az.run("network", "application-gateway", "wait", *ITSELF, "--deleted", "--interval", "1")
    az.run(*public_ip)
    az.run(*subnet, "AppGwSubnet")
    az.run("group", "delete", "-n", "AKS_Upgrade", "--yes")

    assert "InUseSubnetCannotBeDeleted" in held
    assert "PublicIPAddressCannotBeDeleted" in kept
    assert az.ask("group", "list") == []
