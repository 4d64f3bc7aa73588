import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule.cli.appgw_document import parse_split, without_secrets
from bascule.cli.main import main
from bascule.errors import UsageError
from bascule.gateway.appgw.merge import is_same
from bascule.gateway.ownership import ADOPTED_TAG, OWNER_TAG
from bascule.ids import Cluster
from bascule.redact import MASK
from bascule.routing.weights import Split, Weights
from tests.support import pki
from tests.support.agic_document import build_agic_gateway
from tests.support.arm_gateways import GATEWAY, gateway

HOST = "shop.example.com"
NAMED = ("--subscription", "s", "--resource-group", "AKS_Upgrade", "--name", "AppGateway")


def _objects(address: str, **ingress: Any) -> list[dict[str, Any]]:
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": "web", "port": {"number": 80}}},
    }
    port = {"name": "http", "port": 80, "targetPort": 8080}
    labels = {"kubernetes.io/service-name": "web"}
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": "web",
                "namespace": "shop",
                "annotations": {"kubernetes.io/ingress.class": "azure/application-gateway"},
            },
            "spec": {"rules": [{"host": HOST, "http": {"paths": [path]}}], **ingress},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"ports": [port]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "web-1", "namespace": "shop", "labels": labels},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        },
    ]


def _write(file: Path, *objects: Mapping[str, Any]) -> str:
    file.write_text(yaml.safe_dump_all(objects))
    return str(file)


@pytest.fixture
def blue(tmp_path: Path) -> str:
    return _write(tmp_path / "blue.yaml", *_objects("10.1.0.4"))


@pytest.fixture
def green(tmp_path: Path) -> str:
    return _write(tmp_path / "green.yaml", *_objects("10.2.0.4"))


class Shell:
    """Renders for an Application Gateway as a user does."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["render", "--gateway", "appgw", *arguments])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def ask(self, *arguments: str) -> Any:
        code, out, err = self.run(*arguments)
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def _names(document: Any, collection: str) -> list[str]:
    return [each["name"] for each in document["properties"].get(collection, [])]


def test_a_gateway_that_is_only_named_gets_our_part_and_says_what_is_missing(
    shell: Shell, blue: str
) -> None:
    code, out, err = shell.run("-f", blue, *NAMED)

    document = json.loads(out)
    assert code == 0
    assert document["id"].startswith("/subscriptions/s/resourceGroups/AKS_Upgrade/providers/")
    assert _names(document, "requestRoutingRules") == ["bsc-rule-80-shop.example.com"]
    assert "without --existing, the gateway's own parts are not in it" in err


def test_what_is_there_stays_and_names_the_gateway(
    shell: Shell, blue: str, green: str, tmp_path: Path
) -> None:
    existing = tmp_path / "gateway.json"
    existing.write_text(json.dumps(gateway({"blue": ["10.9.9.9"]})))

    document = shell.ask("-f", blue, "--green-manifests", green, "--existing", str(existing))

    assert document["id"] == GATEWAY
    assert "rule1" in _names(document, "requestRoutingRules")
    assert _names(document, "backendAddressPools")[0] == "blue"
    again = tmp_path / "again.json"
    again.write_text(json.dumps(document))
    assert is_same(
        shell.ask("-f", blue, "--green-manifests", green, "--existing", str(again)), document
    )


def test_of_a_gateway_that_was_taken_over_what_was_agics_is_replaced(
    shell: Shell, blue: str, tmp_path: Path
) -> None:
    made = build_agic_gateway(GATEWAY, subnet_id="/s", address_id="/a", cluster_id="")
    shared = {**made, "id": GATEWAY, "name": "AppGateway"}
    taken_over = {**shared, "tags": {OWNER_TAG: "shop", ADOPTED_TAG: ""}}

    def listeners(existing: dict[str, Any]) -> set[str]:
        file = tmp_path / "gateway.json"
        file.write_text(json.dumps(existing))
        found = _names(shell.ask("-f", blue, "--existing", str(file)), "httpListeners")
        return {name.partition("-")[0] for name in found}

    assert listeners(shared) == {"fl"}
    assert listeners(taken_over) == {"bsc"}


def test_weights_choose_the_cluster_of_all_hosts_or_of_one(
    shell: Shell, blue: str, green: str
) -> None:
    both = ("-f", blue, "-f", f"green={green}", *NAMED)

    to_blue, to_green, one = (
        shell.ask(*both, *weights)
        for weights in ((), ("--weights", "green=100"), ("--weights", f"{HOST}:green=100"))
    )

    assert [_target(each) for each in (to_blue, to_green, one)] == ["blue", "green", "green"]
    assert one["tags"]["bascule-split"] == f"100;{HOST}=0"


def _target(document: Any) -> str:
    rules = document["properties"]["requestRoutingRules"]
    (rule,) = (each for each in rules if each["name"] != "bsc-prepared")
    pool: str = rule["properties"]["backendAddressPool"]["id"]
    return next(cluster.value for cluster in Cluster if f"-pool-{cluster}_" in pool)


def test_a_share_that_the_gateway_cannot_give_is_refused(shell: Shell, blue: str) -> None:
    code, out, err = shell.run("-f", blue, *NAMED, "--weights", "green=5")

    assert (code, out) == (4, "")
    assert "cannot give blue 95 %" in err


def test_a_file_of_the_gateway_says_which_it_is_and_how_it_is_used(
    shell: Shell, blue: str, tmp_path: Path
) -> None:
    address = {"blue": {"address": "10.1.0.9"}, "green": {"address": "10.2.0.9"}}
    spec = {
        "type": "appgw",
        "subscription": "11111111-2222-3333-4444-555555555555",
        "resourceGroup": "AKS_Upgrade",
        "name": "AppGateway",
        "backends": "loadBalancer",
        "loadBalancers": address,
    }
    clusters = {cluster.value: {"kubeconfig": "k"} for cluster in Cluster}
    listeners = [{"name": "http", "address": "203.0.113.7", "port": 8080}]
    classes = ["azure/application-gateway"]
    config = {
        "name": "shop",
        "clusters": clusters,
        "listeners": listeners,
        "ingressClasses": classes,
        "gateway": spec,
    }

    document = shell.ask("-f", blue, "--config", _write(tmp_path / "gateway.yaml", config))

    assert "/subscriptions/11111111-" in document["id"]
    assert document["tags"]["bascule-owner"] == "shop"
    assert _names(document, "frontendPorts") == ["bsc-port-8080"]
    pools = document["properties"]["backendAddressPools"]
    assert {"ipAddress": "10.1.0.9"} in pools[0]["properties"]["backendAddresses"]


def test_a_file_of_an_envoy_is_refused(shell: Shell, blue: str, tmp_path: Path) -> None:
    clusters = {cluster.value: {"kubeconfig": "k"} for cluster in Cluster}
    config = _write(tmp_path / "gateway.yaml", {"name": "shop", "clusters": clusters})

    code, _, err = shell.run("-f", blue, "--config", config)

    assert code == 2
    assert "is of a gateway of type envoy, not appgw" in err


def test_a_gateway_that_nobody_names_is_asked_for(
    shell: Shell, blue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)

    code, _, err = shell.run("-f", blue, "--name", "AppGateway")

    assert code == 2
    assert "--subscription, --resource-group and --name" in err


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "not JSON"), ("[]", "has no `properties`"), ('{"sku": {}}', "az rest --method get")],
)
def test_a_document_that_is_none_of_azures_is_refused(
    shell: Shell, blue: str, *, text: str, told: str
) -> None:
    existing = Path(blue).with_suffix(".json")
    existing.write_text(text)

    code, _, err = shell.run("-f", blue, "--existing", str(existing))

    assert code == 2
    assert told in err


@pytest.mark.parametrize("change", [{"id": None}, {"id": "/subscriptions/s/resourceGroups/g"}])
def test_a_document_of_no_application_gateway_is_refused(
    shell: Shell, blue: str, tmp_path: Path, change: dict[str, Any]
) -> None:
    existing = tmp_path / "gateway.json"
    existing.write_text(json.dumps({**gateway(), **change}))

    code, out, err = shell.run("-f", blue, "--existing", str(existing))

    assert (code, out) == (2, "")
    assert "its `id` is not one of an Application Gateway" in err


def test_options_that_name_another_gateway_than_the_document_are_refused(
    shell: Shell, blue: str, tmp_path: Path
) -> None:
    existing = tmp_path / "gateway.json"
    existing.write_text(json.dumps(gateway()))
    given = ("-f", blue, "--existing", str(existing))

    same = shell.ask(*given, "--resource-group", "aks_upgrade", "--name", "appgateway")
    code, out, err = shell.run(*given, "--name", "Other")

    assert same["id"] == GATEWAY
    assert (code, out) == (2, "")
    assert "--name is Other, and --existing is of AppGateway" in err


def test_problems_are_told_beside_the_document(shell: Shell, tmp_path: Path) -> None:
    tls = [{"hosts": [HOST], "secretName": "missing"}]
    file = _write(tmp_path / "blue.yaml", *_objects("10.1.0.4", tls=tls))

    _, out, err = shell.run("-f", file, *NAMED)

    assert "CertificateMissing" in err
    assert "TlsHostNotServed" in err
    assert _names(json.loads(out), "requestRoutingRules") == ["bsc-default"]


def test_a_certificates_data_is_shown_only_when_asked_for(shell: Shell, tmp_path: Path) -> None:
    pair = pki.Authority("shop").issue(HOST)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "web-tls", "namespace": "shop"},
        "data": pair.secret_data,
    }
    tls = [{"hosts": [HOST], "secretName": "web-tls"}]
    file = _write(tmp_path / "blue.yaml", *_objects("10.1.0.4", tls=tls), secret)

    masked = shell.ask("-f", file, *NAMED)
    shown = shell.ask("-f", file, *NAMED, "--with-secrets", "--output", "json")

    (hidden,) = masked["properties"]["sslCertificates"]
    (found,) = shown["properties"]["sslCertificates"]
    assert hidden["properties"] == {"data": MASK, "password": MASK}
    assert found["properties"]["data"].startswith("MII")


def test_yaml_is_printed_on_demand(shell: Shell, blue: str) -> None:
    _, out, _ = shell.run("-f", blue, *NAMED, "--output", "yaml")

    assert yaml.safe_load(out)["name"] == "AppGateway"


def test_options_that_say_nothing_of_an_envoy_are_refused(
    capsys: pytest.CaptureFixture[str], blue: str
) -> None:
    code = main(["render", "-f", blue, "--weights", "green=100"])

    assert code == 2
    assert "add --gateway appgw" in capsys.readouterr().err


def test_a_document_without_certificates_has_no_secrets() -> None:
    document: dict[str, Any] = {"properties": {"sslCertificates": []}}

    assert without_secrets(document) == document


def test_weights_are_of_all_hosts_or_of_one() -> None:
    green = Weights.all_to(Cluster.GREEN)

    assert parse_split(None, Cluster.GREEN) == Split(green)
    assert parse_split(["A.example.com:blue=0", "blue=90,green=10"], Cluster.BLUE) == Split(
        Weights(9_000), {"a.example.com": green}
    )
    with pytest.raises(UsageError):
        parse_split(["half"], Cluster.BLUE)
