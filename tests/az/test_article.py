"""Every az command of the article, in its order, by the real az and the real kubectl.

Each block is written as the article prints it and run by a shell, so that its variables, pipes and
line ends are tried too. The tests build on each other, as the article's steps do. What today's
Azure needs beyond the article is named where it stands; docs/explanation/article.md lists it.
"""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.az.test_az_network import article_port
from tests.support.real_az import AZ_VENV, LIMIT_S, RealAz, azure_lab
from tests.support.waiting import eventually

VARIABLES = """
AZ_REGION=ChinaNorth2
RESOURCE_GROUP=AKS_Upgrade
VNET_NAME=AksVnet
APPGW_SUBNET=AppGwSubnet
AKS_SUBNET=AksSubnet
APPGW_IP=AppGatewayIp
APP_GATEWAY=AppGateway
AKS_OLD=old
"""
GROUP = "az group create -n $RESOURCE_GROUP -l $AZ_REGION"
NETWORK = r"""
az network vnet create -n $VNET_NAME \
-g $RESOURCE_GROUP \
-l $AZ_REGION \
--address-prefix 10.0.0.0/8 \
--subnet-name $APPGW_SUBNET --subnet-prefix 10.1.0.0/16
"""
SUBNET = r"""
az network vnet subnet create \
-g $RESOURCE_GROUP \
-n $AKS_SUBNET \
--address-prefixes 10.240.0.0/16 \
--vnet-name $VNET_NAME
"""
PUBLIC_IP = r"""
az network public-ip create -n $APPGW_IP \
-g $RESOURCE_GROUP \
--allocation-method Static \
--sku Standard
"""
GATEWAY = r"""
az network application-gateway create -n $APP_GATEWAY \
-g $RESOURCE_GROUP \
-l $AZ_REGION \
--vnet-name $VNET_NAME \
--subnet $APPGW_SUBNET \
--sku Standard_v2 \
--public-ip-address $APPGW_IP"""
SHOW_SUBNET = r"""
az network vnet subnet show \
-g $RESOURCE_GROUP \
--vnet-name $VNET_NAME \
--name $AKS_SUBNET
"""
SUBNET_ID = (
    "AKS_SUBNET_ID=$(az network vnet subnet show -g $RESOURCE_GROUP --vnet-name $VNET_NAME"
    " --name $AKS_SUBNET --query id -o tsv)"
)
CLUSTER = r"""
az aks create -n $AKS_OLD \
-g $RESOURCE_GROUP \
-l $AZ_REGION \
--generate-ssh-keys \
--network-plugin azure \
--enable-managed-identity \
--vnet-subnet-id $AKS_SUBNET_ID
"""
CREDENTIALS = "az aks get-credentials --resource-group $RESOURCE_GROUP --name $AKS_OLD"
TILLER = """
kubectl create serviceaccount --namespace kube-system tiller-sa
kubectl create clusterrolebinding tiller-cluster-rule --clusterrole=cluster-admin \
--serviceaccount=kube-system:tiller-sa
"""
PODS = "kubectl get po -o wide"
SUBSCRIPTION = "az account show --query id -o tsv"
PRINCIPAL = "az ad sp create-for-rbac --sdk-auth | base64 -w0"
PRIORITY = " --priority 100"
"""Without it ARM has refused the article's gateway since api-version 2021-08-01."""
GATEWAY_ID = (
    "az network application-gateway show -g $RESOURCE_GROUP -n $APP_GATEWAY --query id -o tsv"
)
NO_GATEWAY = "az network application-gateway list -g $RESOURCE_GROUP"
POD_PORT = 8080


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """A terminal where the article's variables are set, az is signed in and kubectl is at hand."""

    az: RealAz

    def run(self, block: str, code: int = 0) -> str:
        """Run a block as it is printed; return what it printed, or with `code` its complaints."""
        environment = {**self.az.environment, "PATH": _path(self.az.environment["PATH"])}
        del environment["KUBECONFIG"]  # the article leaves credentials where az puts them
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", VARIABLES + block],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == code, f"{block}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def ask(self, block: str) -> Any:
        """Run a block that prints JSON, and return it."""
        return json.loads(self.run(block))


def _path(path: str) -> str:
    return os.pathsep.join((str(AZ_VENV / "bin"), str(Path(sys.executable).parent), path))


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        yield Terminal(az=az)


def fetch(url: str) -> tuple[int, dict[str, Any]]:
    """Return the status that a gateway answers with, and a pod's words if it was one."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310 - http on loopback
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, {}
    except urllib.error.URLError:
        return 0, {}


def front(terminal: Terminal) -> str:
    """Return the address that users of the gateway know."""
    address = terminal.run(
        "az network public-ip show -n $APPGW_IP -g $RESOURCE_GROUP --query ipAddress -o tsv"
    ).strip()
    (port,) = terminal.ask(
        "az network application-gateway frontend-port list -g $RESOURCE_GROUP"
        " --gateway-name $APP_GATEWAY"
    )
    return f"http://{address}:{port['port']}/"


def health(terminal: Terminal) -> dict[str, str]:
    """Return what the gateway thinks of each server of its pool."""
    told = terminal.ask(
        "az network application-gateway show-backend-health -g $RESOURCE_GROUP -n $APP_GATEWAY"
    )
    (pool,) = told["backendAddressPools"]
    (settings,) = pool["backendHttpSettingsCollection"]
    return {each["address"]: each["health"] for each in settings["servers"]}


def roles_of(terminal: Terminal, client: str) -> list[tuple[str, str]]:
    """Return what roles a principal has, and where."""
    found = terminal.ask(f"az role assignment list --all --assignee {client}")
    return [(each["roleDefinitionName"], each["scope"]) for each in found]


def fill_pool(terminal: Terminal) -> list[str]:
    """Put the addresses of the shop's pods into the gateway's pool, and return them."""
    addresses = terminal.run(
        "kubectl get po -l app=shop -o jsonpath='{.items[*].status.podIP}'"
    ).split()
    terminal.run(
        "az network application-gateway address-pool update -g $RESOURCE_GROUP"
        " --gateway-name $APP_GATEWAY -n appGatewayBackendPool --servers " + " ".join(addresses)
    )
    return addresses


def test_the_group_is_made(terminal: Terminal) -> None:
    made = terminal.ask(GROUP)

    assert (made["name"], made["location"]) == ("AKS_Upgrade", "chinanorth2")


def test_the_network_and_its_two_subnets_are_made(terminal: Terminal) -> None:
    network = terminal.ask(NETWORK)["newVNet"]
    subnet = terminal.ask(SUBNET)

    assert network["addressSpace"]["addressPrefixes"] == ["10.0.0.0/8"]
    assert [each["name"] for each in network["subnets"]] == ["AppGwSubnet"]
    assert subnet["addressPrefix"] == "10.240.0.0/16"


def test_the_public_ip_is_static_and_standard(terminal: Terminal) -> None:
    made = terminal.ask(PUBLIC_IP)["publicIp"]

    assert (made["publicIPAllocationMethod"], made["sku"]["name"]) == ("Static", "Standard")


def test_the_gateway_is_refused_as_the_article_has_it(terminal: Terminal) -> None:
    refused = terminal.run(GATEWAY, code=1)

    assert "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty" in refused
    assert terminal.ask(NO_GATEWAY) == []


def test_the_gateway_says_why_when_its_port_may_not_be_bound(terminal: Terminal) -> None:
    if not article_port():
        pytest.skip("port 80 may be bound here")

    refused = terminal.run(GATEWAY + PRIORITY, code=1)

    assert "this user may not listen on ports below 1024" in refused


def test_with_a_priority_the_gateway_is_made(terminal: Terminal) -> None:
    other_port = " ".join(("", *article_port()))
    made = terminal.ask(GATEWAY + PRIORITY + other_port)["applicationGateway"]

    assert (made["sku"]["name"], made["operationalState"]) == ("Standard_v2", "Running")
    assert fetch(front(terminal))[0] == 502


def test_the_subnets_id_is_found_and_the_cluster_made_in_it(terminal: Terminal) -> None:
    shown = terminal.ask(SHOW_SUBNET)
    subnet_id = terminal.run(f'{SUBNET_ID}\necho "$AKS_SUBNET_ID"').strip()
    cluster = terminal.ask(f"{SUBNET_ID}\n{CLUSTER}")

    assert shown["id"] == subnet_id
    assert cluster["agentPoolProfiles"][0]["vnetSubnetId"] == subnet_id
    assert cluster["networkProfile"]["networkPlugin"] == "azure"
    assert cluster["networkProfile"]["networkPluginMode"] is None
    assert cluster["identity"]["type"] == "SystemAssigned"


def test_the_credentials_are_those_that_kubectl_uses(terminal: Terminal) -> None:
    terminal.run(CREDENTIALS)

    assert terminal.run("kubectl config current-context").strip() == "old"
    assert terminal.run("kubectl get nodes -o name").count("node/aks-nodepool1-") == 3


def test_kubectl_does_what_the_article_does_for_helm(terminal: Terminal) -> None:
    terminal.run(TILLER)
    listed = terminal.run(PODS)

    account = terminal.ask("kubectl get serviceaccount -n kube-system tiller-sa -o json")
    assert account["metadata"]["name"] == "tiller-sa"
    assert listed == ""


def test_the_values_of_the_ingress_controller_are_found(terminal: Terminal) -> None:
    subscription = terminal.run(SUBSCRIPTION).strip()
    secret = json.loads(base64.b64decode(terminal.run(PRINCIPAL)))

    assert subscription == terminal.az.environment["AZURE_SUBSCRIPTION_ID"]
    assert secret["subscriptionId"] == subscription
    assert secret["resourceManagerEndpointUrl"].startswith("https://localhost:")
    assert secret["clientSecret"]
    assert roles_of(terminal, secret["clientId"]) == []


def test_a_principal_has_a_role_only_if_it_is_said_which_and_where(terminal: Terminal) -> None:
    gateway = terminal.run(GATEWAY_ID).strip()

    secret = terminal.ask(
        f"az ad sp create-for-rbac --json-auth --role Contributor --scopes {gateway}"
    )

    assert roles_of(terminal, secret["clientId"]) == [("Contributor", gateway)]


async def test_traffic_flows_through_the_gateway_to_a_pod_of_the_cluster(
    terminal: Terminal,
) -> None:
    terminal.run(
        f"kubectl create deployment shop --image=shop --port={POD_PORT}\n"
        f"kubectl expose deployment shop --port=80 --target-port={POD_PORT}\n"
        "kubectl rollout status deployment shop --timeout=60s"
    )
    terminal.run(
        "az network application-gateway http-settings update -g $RESOURCE_GROUP"
        f" --gateway-name $APP_GATEWAY -n appGatewayBackendHttpSettings --port {POD_PORT}"
    )
    (address,) = fill_pool(terminal)
    url = front(terminal)

    await eventually(lambda: fetch(url)[0] == 200)
    assert address.startswith("10.240.")
    assert health(terminal) == {address: "Healthy"}
    _, told = fetch(url)
    assert told["cluster"] == "old"
    assert told["pod"].startswith("default/shop-")


async def test_traffic_flows_again_after_upgrade_scale_stop_and_start(terminal: Terminal) -> None:
    cluster = "-g $RESOURCE_GROUP -n $AKS_OLD"
    target = terminal.run(
        f"az aks get-upgrades {cluster}"
        " --query 'controlPlaneProfile.upgrades[0].kubernetesVersion' -o tsv"
    ).strip()
    url = front(terminal)

    upgraded = terminal.ask(f"az aks upgrade {cluster} -k {target} --yes")
    scaled = terminal.ask(f"az aks scale {cluster} --node-count 2")
    terminal.run(f"az aks stop {cluster}")
    await eventually(lambda: fetch(url)[0] == 502)
    terminal.run(f"az aks start {cluster}")
    terminal.run("kubectl rollout status deployment shop --timeout=60s")
    fill_pool(terminal)

    assert upgraded["currentKubernetesVersion"] == target
    assert scaled["agentPoolProfiles"][0]["count"] == 2
    await eventually(lambda: fetch(url)[0] == 200)
    assert fetch(url)[1]["version"] == target


def test_deleting_the_group_leaves_nothing(terminal: Terminal) -> None:
    url = front(terminal)

    terminal.run("az group delete -n $RESOURCE_GROUP --yes")

    assert terminal.ask("az group list") == []
    assert terminal.ask("az resource list") == []
    assert fetch(url) == (0, {})
