"""The real az makes, upgrades, scales, stops and deletes a cluster; the real kubectl uses it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.real_az import RealAz, azure_lab

GROUP = "AKS_Upgrade"
CLUSTER = ("--resource-group", GROUP, "--name", "old")
POOL = ("--resource-group", GROUP, "--cluster-name", "old")


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAz]:
    """The lab after the article's first commands: group, network, cluster."""
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        az.run("group", "create", "-n", GROUP, "-l", "chinanorth2")
        az.run(
            *("network", "vnet", "create", "-n", "vnet", "-g", GROUP),
            *("--address-prefix", "10.0.0.0/8"),
            *("--subnet-name", "appgw", "--subnet-prefix", "10.1.0.0/16"),
        )
        subnet = az.ask(
            *("network", "vnet", "subnet", "create", "-n", "aks", "-g", GROUP),
            *("--address-prefixes", "10.240.0.0/16", "--vnet-name", "vnet"),
        )
        az.run(
            *("aks", "create", "-n", "old", "-g", GROUP, "-l", "chinanorth2"),
            *("--generate-ssh-keys", "--network-plugin", "azure"),
            *("--enable-managed-identity", "--vnet-subnet-id", subnet["id"]),
        )
        yield az


def kubectl(kubeconfig: Path, *arguments: str) -> Any:
    command = [str(Path(sys.executable).parent / "kubectl"), f"--kubeconfig={kubeconfig}"]
    done = subprocess.run(
        [*command, *arguments, "-o", "json"], capture_output=True, text=True, timeout=40, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture
def kubeconfig(az: RealAz, tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    az.run("aks", "get-credentials", *CLUSTER, "--file", str(path))
    return path


def nodes(kubeconfig: Path) -> dict[str, str]:
    """Return the version of each node's kubelet."""
    return {
        item["metadata"]["name"]: item["status"]["nodeInfo"]["kubeletVersion"]
        for item in kubectl(kubeconfig, "get", "nodes")["items"]
    }


def test_the_cluster_is_what_the_article_asked_for(az: RealAz, kubeconfig: Path) -> None:
    shown = az.ask("aks", "show", *CLUSTER)
    listed = az.ask("aks", "list")
    items = kubectl(kubeconfig, "get", "nodes")["items"]

    assert shown["provisioningState"] == "Succeeded"
    assert shown["nodeResourceGroup"] == f"MC_{GROUP}_old_chinanorth2"
    assert [each["name"] for each in listed] == ["old"]
    assert [item["status"]["addresses"][0]["address"] for item in items] == [
        "10.240.0.4",
        "10.240.0.5",
        "10.240.0.6",
    ]
    assert items[0]["metadata"]["labels"]["agentpool"] == "nodepool1"
    assert items[0]["metadata"]["name"].startswith("aks-nodepool1-")


def test_az_gave_the_clusters_identity_the_right_to_its_subnet(az: RealAz) -> None:
    principal = az.ask("aks", "show", *CLUSTER)["identity"]["principalId"]
    subnet = az.ask(
        "network", "vnet", "subnet", "show", "-n", "aks", "-g", GROUP, "--vnet-name", "vnet"
    )

    found = az.ask("role", "assignment", "list", "--scope", subnet["id"])

    assert [(each["principalId"], each["roleDefinitionName"]) for each in found] == [
        (principal, "Network Contributor")
    ]


def test_versions_are_offered_and_an_upgrade_reaches_control_plane_and_nodes(
    az: RealAz, kubeconfig: Path
) -> None:
    versions = az.ask("aks", "get-versions", "-l", "chinanorth2")["values"]
    upgrades = az.ask("aks", "get-upgrades", *CLUSTER)["controlPlaneProfile"]["upgrades"]
    target = upgrades[0]["kubernetesVersion"]

    refused = az.run("aks", "upgrade", *CLUSTER, "-k", "1.37.0", "--yes", code=1)
    upgraded = az.ask("aks", "upgrade", *CLUSTER, "-k", target, "--yes")

    assert [each["version"] for each in versions if each.get("isDefault")] == ["1.35"]
    assert "is not allowed" in refused
    assert upgraded["currentKubernetesVersion"] == target
    assert set(nodes(kubeconfig).values()) == {f"v{target}"}
    assert len(nodes(kubeconfig)) == 3
    version = kubectl(kubeconfig, "version")["serverVersion"]
    assert version["gitVersion"].startswith(f"v{target}")


def test_pools_and_nodes_come_and_go(az: RealAz, kubeconfig: Path) -> None:
    az.run("aks", "scale", *CLUSTER, "--node-count", "2")
    scaled = nodes(kubeconfig)
    az.run("aks", "nodepool", "add", *POOL, "-n", "more", "--node-count", "1")
    added = nodes(kubeconfig)
    listed = az.ask("aks", "nodepool", "list", *POOL)
    az.run("aks", "nodepool", "delete", *POOL, "-n", "more")

    assert len(scaled) == 2
    assert len(added) == 3
    assert any(name.startswith("aks-more-") for name in added)
    assert [each["name"] for each in listed] == ["nodepool1", "more"]
    assert nodes(kubeconfig) == scaled


def test_a_stopped_cluster_comes_back_with_what_it_had(az: RealAz, kubeconfig: Path) -> None:
    kubectl(kubeconfig, "create", "configmap", "kept", "--from-literal", "a=b")

    az.run("aks", "stop", *CLUSTER)
    stopped = az.ask("aks", "show", *CLUSTER)["powerState"]
    az.run("aks", "start", *CLUSTER)

    assert stopped == {"code": "Stopped"}
    assert kubectl(kubeconfig, "get", "configmap", "kept")["data"] == {"a": "b"}


def test_identities_have_credentials_for_workloads(az: RealAz) -> None:
    made = az.ask("identity", "create", "-n", "agic", "-g", GROUP)
    az.run(
        *("identity", "federated-credential", "create", "-n", "old", "-g", GROUP),
        *("--identity-name", "agic", "--issuer", "https://issuer.test/old/"),
        *("--subject", "system:serviceaccount:default:agic"),
    )
    az.run(
        *("role", "assignment", "create", "--role", "Reader", "--scope"),
        az.ask("group", "show", "-n", GROUP)["id"],
        *("--assignee-object-id", made["principalId"]),
        *("--assignee-principal-type", "ServicePrincipal"),
    )

    listed = az.ask(
        *("identity", "federated-credential", "list", "-g", GROUP, "--identity-name", "agic")
    )

    assert made["clientId"]
    assert [each["name"] for each in listed] == ["old"]


def test_deleting_the_cluster_takes_its_node_resource_group_along(az: RealAz) -> None:
    before = [each["name"] for each in az.ask("group", "list")]

    az.run("aks", "delete", *CLUSTER, "--yes")

    assert sorted(before) == sorted([GROUP, f"MC_{GROUP}_old_chinanorth2"])
    assert [each["name"] for each in az.ask("group", "list")] == [GROUP]
    assert az.ask("aks", "list") == []
