from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from bascule.errors import SpecError
from bascule.ids import Cluster
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway, LoadBalancers
from bascule.spec.load import parse_gateway

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
SMALL = {"type": "appgw", "resourceGroup": "AKS_Upgrade", "name": "AppGateway"}
BALANCED = {
    "backends": "loadBalancer",
    "loadBalancers": {"blue": {"address": "10.1.0.9"}, "green": {"address": "green.internal"}},
}
TIER = {"type": "appgw+envoy", "envoys": {"addresses": ["10.3.0.4", "10.3.0.5"]}}
FILE = """\
name: shop
clusters: {blue: {kubeconfig: b}, green: {kubeconfig: g}}
listeners: [{name: http, address: 203.0.113.7, port: 80}]
gateway:
  type: appgw
  resourceGroup: AKS_Upgrade
  name: AppGateway
"""


def _read(**changes: object) -> AppGwGateway:
    return AppGwGateway.model_validate({**SMALL, **changes})


def test_what_is_not_written_has_a_default() -> None:
    gateway = _read()

    assert (gateway.cloud, gateway.subscription, gateway.prefix) == ("AzureCloud", None, "bsc-")
    assert (gateway.backends, gateway.load_balancers, gateway.switch_by) == ("pods", None, "auto")
    assert (gateway.shares, gateway.hosts, gateway.private_frontend) == (False, (), False)
    assert (gateway.quiet_s, gateway.max_delay_s) == (1.0, 10.0)
    assert gateway.operation_timeout_seconds == 1_200


def test_its_id_is_in_the_subscription_that_the_file_names_else_in_the_one_given() -> None:
    end = "/resourceGroups/AKS_Upgrade/providers/Microsoft.Network/applicationGateways/AppGateway"

    assert _read().gateway_id("other") == f"/subscriptions/other{end}"
    named = _read(subscription=SUBSCRIPTION)
    assert named.gateway_id("other") == f"/subscriptions/{SUBSCRIPTION}{end}"


def test_each_cluster_may_have_one_address() -> None:
    found = _read(**BALANCED).load_balancers

    assert isinstance(found, LoadBalancers)
    assert found.of(Cluster.BLUE).address == "10.1.0.9"
    green = found.of(Cluster.GREEN)
    assert (green.address, green.port, green.protocol) == ("green.internal", 80, "http")
    assert (green.probe_path, green.probe_host) == ("/", None)


def test_pools_may_exchange_addresses_of_load_balancers_that_are_alike() -> None:
    assert _read(**BALANCED, switchBy="pools").switch_by == "pools"


def test_changes_may_be_sent_as_soon_as_nothing_changes_any_more() -> None:
    found = _read(quietSeconds=5, maxDelaySeconds=5)

    assert (found.quiet_s, found.max_delay_s) == (5.0, 5.0)


def test_envoys_behind_it_are_run_by_us_or_elsewhere() -> None:
    ours = AppGwEnvoyGateway.model_validate({**SMALL, **TIER}).envoys
    xds = {"listen": "10.9.0.4:18000", "certificate": "c", "key": "k", "clientCa": "a"}
    theirs = AppGwEnvoyGateway.model_validate(
        {**SMALL, "type": "appgw+envoy", "envoys": {"addresses": ["::1"], "xds": xds}},
        context=Path("/etc"),
    ).envoys

    assert (ours.addresses, ours.listen, ours.port) == (
        ("10.3.0.4", "10.3.0.5"),
        "127.0.0.1",
        8080,
    )
    assert ours.xds is None
    assert theirs.xds is not None
    assert theirs.xds.client_ca == Path("/etc/a")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prefix": "bsc"}, "String should match pattern"),
        ({"hosts": ["a b"]}, "is not a host name, nor a wildcard"),
        ({"quietSeconds": True}, "Input should be a valid number"),
        ({"quietSeconds": 5, "maxDelaySeconds": 2}, r"is less than quietSeconds \(5\)"),
        ({"backends": "loadBalancer"}, "go together"),
        ({"loadBalancers": BALANCED["loadBalancers"]}, "go together"),
        (
            {
                "switchBy": "pools",
                "backends": "loadBalancer",
                "loadBalancers": {
                    "blue": {"address": "10.1.0.9"},
                    "green": {"address": "10.2.0.9", "port": 8080},
                },
            },
            "more differs between blue and green",
        ),
        ({**BALANCED, "envoys": {}}, "Extra inputs are not permitted"),
    ],
    ids=["prefix", "host", "bool", "delays", "no address", "pods", "pools", "envoys"],
)
def test_what_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _read(**change)


@pytest.mark.parametrize("listen", ["18000", "a b:1", "::1:18000"])
def test_a_place_without_a_port_is_refused(listen: str) -> None:
    xds = {"listen": listen, "certificate": "c", "key": "k", "clientCa": "a"}

    with pytest.raises(ValidationError, match="String should match pattern"):
        TypeAdapter(AppGwEnvoyGateway).validate_python(
            {**SMALL, "type": "appgw+envoy", "envoys": {"addresses": ["::1"], "xds": xds}}
        )


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        (FILE + "  backend: pods\n", (8, 3), "did you mean 'backends'?"),
        (FILE.replace("type: appgw", "type: appgateway"), (5, 3), "did you mean 'appgw'?"),
        (FILE + "  backends: loadBalancer\n", (8, 3), "write both"),
        (FILE + "  maxDelaySeconds: 0\n", (8, 3), "make it as much or more"),
        (
            FILE.replace("listeners: [{name: http, address: 203.0.113.7, port: 80}]\n", ""),
            (1, 1),
            "the ports at which clients reach it",
        ),
        (
            FILE.replace("port: 80}]", "port: 80}, {name: more, port: 8080}]"),
            (3, 72),
            "ask for another port by annotation",
        ),
    ],
    ids=["key", "type", "backends", "delay", "listeners", "ports"],
)
def test_a_mistake_is_told_where_it_stands(text: str, place: tuple[int, int], told: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_gateway(text, "gateway.yaml")

    assert (caught.value.line, caught.value.column) == place
    assert told in caught.value.remedy


def test_one_port_may_be_at_several_addresses() -> None:
    inside, tls = "{name: in, address: 10.0.0.4, port: 80}", "{name: tls, port: 443, tls: true}"
    both = f"port: 80}}, {inside}, {tls}]"

    assert len(parse_gateway(FILE.replace("port: 80}]", both), "gateway.yaml").listeners) == 3
