"""Each way to sign in that azure-identity knows and the lab has, and az with a certificate."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.real_az import RealAz, azure_lab

CREDENTIALS = """
import base64, json, os, sys
from azure.identity import (
    AzureCliCredential, CertificateCredential, ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
app_id, certificate, client_id, token_file = sys.argv[1:]
url, tenant = os.environ["AZURE_RESOURCE_MANAGER_ENDPOINT"], os.environ["AZURE_TENANT_ID"]
where = {"authority": url, "disable_instance_discovery": True}
credentials = {
    "certificate": CertificateCredential(tenant, app_id, certificate, **where),
    "machine": ManagedIdentityCredential(),
    "az": AzureCliCredential(),
    "workload": WorkloadIdentityCredential(
        tenant_id=tenant, client_id=client_id, token_file_path=token_file, **where
    ),
}
apps = {}
for name, credential in credentials.items():
    claims = credential.get_token(url + "/.default").token.split(".")[1]
    apps[name] = json.loads(base64.urlsafe_b64decode(claims + "=="))["appid"]
print(json.dumps(apps))
"""
SUBJECT = "system:serviceaccount:default:default"
AUDIENCE = "api://AzureADTokenExchange"


def make_token(kubeconfig: Path) -> str:
    kubectl = Path(sys.executable).parent / "kubectl"
    command = (kubectl, f"--kubeconfig={kubeconfig}", "create", "token", "default")
    done = subprocess.run(
        [*command, "--audience", AUDIENCE], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAz]:
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        yield az


def test_certificates_managed_identities_and_workloads_sign_in(az: RealAz, tmp_path: Path) -> None:
    group = ("--resource-group", "shop")
    az.run("group", "create", "--name", "shop", "--location", "eastus")
    scope = f"/subscriptions/{az.environment['AZURE_SUBSCRIPTION_ID']}"
    made = az.ask(
        *("ad", "sp", "create-for-rbac", "--name", "deployer", "--create-cert"),
        *("--role", "Reader", "--scopes", scope),
    )
    az.run(
        *("aks", "create", "--name", "blue", *group, "--no-ssh-key", "--node-count", "1"),
        *("--enable-oidc-issuer", "--enable-workload-identity"),
    )
    issuer = az.ask("aks", "show", "--name", "blue", *group)["oidcIssuerProfile"]["issuerUrl"]
    identity = az.ask("identity", "create", "--name", "orders", *group)
    az.run(
        *("identity", "federated-credential", "create", "--name", "blue", *group),
        *("--identity-name", "orders", "--issuer", issuer),
        *("--subject", SUBJECT, "--audiences", AUDIENCE),
    )
    kubeconfig, token = tmp_path / "kubeconfig", tmp_path / "token"
    az.run("aks", "get-credentials", "--name", "blue", *group, "--file", str(kubeconfig))
    token.write_text(make_token(kubeconfig))

    certificate = made["fileWithCertAndPrivateKey"]
    apps = az.python(CREDENTIALS, made["appId"], certificate, identity["clientId"], str(token))

    assert apps["certificate"] == made["appId"]
    assert apps["az"] == az.environment["AZURE_CLIENT_ID"]
    assert apps["workload"] == identity["clientId"]
    assert len(set(apps.values())) == 4
