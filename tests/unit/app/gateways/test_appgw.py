from pathlib import Path
from typing import Any

import pytest

from bascule.app import wiring
from bascule.app.gateways.appgw import build_past_envoys, build_settings, find_ownership
from bascule.app.state_dir import StateDir
from bascule.controller.holdoff import HoldOff
from bascule.errors import PlanError, UsageError
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, LoadBalancer, Mechanism
from bascule.ids import Cluster
from bascule.routing.model import BackendProtocol
from bascule.spec.gateway import Gateway
from tests.support.virtual_clock import VirtualClock

LISTENERS = [
    {"name": "http", "address": "203.0.113.7", "port": 8080},
    {"name": "https", "address": "203.0.113.7", "port": 8443, "tls": True},
]


def gateway(**settings: Any) -> Gateway:
    return Gateway.model_validate(
        {
            "name": "shop",
            "clusters": {"blue": {"kubeconfig": "/blue"}, "green": {"kubeconfig": "/green"}},
            "listeners": LISTENERS,
            "report": ["status"],
            "gateway": {"type": "appgw", "resourceGroup": "g", "name": "gw", **settings},
        }
    )


def settings_of(found: Gateway) -> AppGwSettings:
    spec: Any = found.gateway
    return build_settings(found, spec, gateway_id="/gw")


def test_the_file_says_ports_hosts_and_prefix() -> None:
    found = settings_of(gateway(prefix="my-", hosts=["a.com"], privateFrontend=True))

    assert (found.gateway_id, found.owner, found.prefix) == ("/gw", "shop", "my-")
    assert (found.http_port, found.https_port) == (8080, 8443)
    assert (found.hosts, found.use_private_frontend) == (("a.com",), True)
    assert found.mechanism is Mechanism.AUTO


def test_pools_exchange_addresses_where_the_file_says_so() -> None:
    assert settings_of(gateway(switchBy="pools", shares=True)).mechanism is Mechanism.POOLS


def test_load_balancers_are_those_of_the_file() -> None:
    places = {
        "blue": {"address": "10.0.0.4", "port": 8443, "protocol": "https", "probePath": "/up"},
        "green": {"address": "10.1.0.4", "probeHost": "a.com"},
    }

    found = settings_of(gateway(backends="loadBalancer", loadBalancers=places))

    assert found.backends is BackendsKind.LOAD_BALANCER
    assert found.load_balancers == {
        Cluster.BLUE: LoadBalancer(
            address="10.0.0.4", port=8443, protocol=BackendProtocol.HTTPS, probe_path="/up"
        ),
        Cluster.GREEN: LoadBalancer(address="10.1.0.4", probe_host="a.com"),
    }


def test_past_envoys_it_leads_to_pods_or_to_the_load_balancers_of_the_file() -> None:
    tier = {"type": "appgw+envoy", "envoys": {"addresses": ["10.0.0.9"]}}
    places = {"blue": {"address": "10.0.0.4"}, "green": {"address": "10.1.0.4"}}
    spec: Any = gateway(**tier, loadBalancers=places)
    bare: Any = gateway(**tier)

    to_pods = build_past_envoys(bare, bare.gateway, gateway_id="/gw")
    to_balancers = build_past_envoys(spec, spec.gateway, gateway_id="/gw")

    assert (to_pods.backends, to_pods.mechanism) == (BackendsKind.PODS, Mechanism.POOLS)
    assert to_balancers.backends is BackendsKind.LOAD_BALANCER
    assert to_balancers.load_balancers[Cluster.GREEN].address == "10.1.0.4"


def test_changes_are_gathered_as_the_file_says() -> None:
    found = wiring.build_hold_off(gateway(quietSeconds=2.0, maxDelaySeconds=7.0))

    assert found == HoldOff(quiet_s=2.0, max_s=7.0, urgent_s=2.0)


def test_probes_are_read_where_the_gateway_sends_to_pods() -> None:
    options = wiring.build_options(gateway(), active=Cluster.BLUE)

    assert (options.reads_probes, options.reads_rewrites) == (True, True)


def test_what_the_gateway_can_do_is_known_without_asking_it() -> None:
    tier = {"type": "appgw+envoy", "envoys": {"addresses": ["10.0.0.9"]}}

    assert not wiring.capabilities_of(gateway()).has_preview_by_header
    behind = wiring.capabilities_of(gateway(**tier))
    assert behind.has_preview_by_header
    assert "grpc" not in behind.traffic_kinds


def test_the_address_that_azure_shows_outranks_that_of_the_file() -> None:
    shown = wiring.build_report_options(gateway(), ("20.0.0.4",), {"private": ("10.0.0.4",)})
    unknown = wiring.build_report_options(gateway(), (), {})

    assert shown.addresses == ("20.0.0.4",)
    assert shown.other_addresses == {"private": ("10.0.0.4",)}
    assert unknown.addresses == ("203.0.113.7",)


def test_a_gateway_without_envoys_takes_no_door_for_them(tmp_path: Path) -> None:
    elsewhere: Any = object()

    with pytest.raises(UsageError, match="has none"):
        wiring.prepare_gateway(gateway(), StateDir(tmp_path), VirtualClock(), elsewhere=elsewhere)


def test_a_gateway_of_another_bascule_is_left_alone() -> None:
    settings = settings_of(gateway())

    with pytest.raises(PlanError, match="tagged as that of other"):
        find_ownership({"tags": {"bascule-owner": "other"}}, settings)
    assert find_ownership({"tags": {"bascule-owner": "shop"}}, settings).owner == "shop"


def test_envoys_run_elsewhere_need_none_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "11111111-2222-3333-4444-555555555555")
    envoys = {"addresses": ["10.0.0.9"], "binary": str(tmp_path / "none")}
    xds = {"listen": "127.0.0.1:18000", "certificate": "c", "key": "k", "clientCa": "ca"}
    own = gateway(type="appgw+envoy", envoys=envoys)
    elsewhere = gateway(type="appgw+envoy", envoys={**envoys, "xds": xds})

    with pytest.raises(UsageError):
        wiring.prepare_gateway(own, StateDir(tmp_path), VirtualClock(), elsewhere=None)
    wiring.prepare_gateway(elsewhere, StateDir(tmp_path), VirtualClock(), elsewhere=None)
