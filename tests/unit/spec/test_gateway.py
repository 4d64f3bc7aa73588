from pathlib import Path

import pytest
from pydantic import ValidationError

from bascule.ids import Cluster
from bascule.spec.appgw import AppGwGateway
from bascule.spec.gateway import ClusterAccess, EnvoyGateway, Gateway, ListenerSpec

ACCESS = ClusterAccess(kubeconfig=Path("kubeconfig"))
APPGW = {"type": "appgw", "resourceGroup": "AKS_Upgrade", "name": "AppGateway"}
SMALL = {
    "name": "shop",
    "clusters": {"blue": {"kubeconfig": "b"}, "green": {"kubeconfig": "g", "context": "main"}},
}


def test_what_is_not_written_has_a_default() -> None:
    gateway = Gateway.model_validate(SMALL)

    assert gateway.active is Cluster.BLUE
    assert [(x.name, x.address, x.port, x.tls) for x in gateway.listeners] == [
        ("http", "127.0.0.1", 8080, False),
        ("https", "127.0.0.1", 8443, True),
    ]
    assert gateway.ingress_classes == ("bascule",)
    assert gateway.report == ("events",)
    assert isinstance(gateway.gateway, EnvoyGateway)
    assert gateway.gateway.drain_seconds == 60


def test_classes_may_be_named() -> None:
    gateway = Gateway.model_validate({**SMALL, "ingressClasses": ["azure/application-gateway"]})

    assert gateway.ingress_classes == ("azure/application-gateway",)


def test_a_gateway_in_azure_is_told_by_its_type() -> None:
    listeners = [{"name": "http", "address": "203.0.113.7", "port": 80}]

    gateway = Gateway.model_validate({**SMALL, "listeners": listeners, "gateway": APPGW})

    assert isinstance(gateway.gateway, AppGwGateway)
    assert gateway.settings().gateway == gateway.gateway


def test_an_application_gateway_gets_one_port_with_tls_and_one_without() -> None:
    ports = {"http": (80, False), "https": (443, True), "more": (8443, True)}
    listeners = [
        {"name": name, "address": "203.0.113.7", "port": port, "tls": tls}
        for name, (port, tls) in ports.items()
    ]
    value = {**SMALL, "listeners": listeners[:2], "gateway": APPGW}

    assert len(Gateway.model_validate(value).listeners) == 2
    with pytest.raises(ValidationError, match="is a second port with TLS"):
        Gateway.model_validate({**value, "listeners": listeners})


def test_an_application_gateways_listeners_are_written() -> None:
    with pytest.raises(ValidationError, match="are needed with an Application Gateway"):
        Gateway.model_validate({**SMALL, "gateway": APPGW})


def test_listeners_may_be_named() -> None:
    listeners = [{"name": "a", "port": 1}, {"name": "b", "port": 2}]

    assert len(Gateway.model_validate({**SMALL, "listeners": listeners}).listeners) == 2


def test_each_cluster_is_found_by_its_name() -> None:
    clusters = Gateway.model_validate(SMALL).clusters

    assert clusters.of(Cluster.BLUE).kubeconfig == Path("b")
    assert clusters.of(Cluster.GREEN).context == "main"


def test_paths_count_from_the_directory_of_the_file() -> None:
    gateway = Gateway.model_validate(SMALL, context=Path("/etc/bascule"))

    assert gateway.clusters.blue.kubeconfig == Path("/etc/bascule/b")


def test_an_absolute_path_and_a_home_stay_what_they_are() -> None:
    paths = {"blue": {"kubeconfig": "/x/b"}, "green": {"kubeconfig": "~/g"}}

    clusters = Gateway.model_validate({**SMALL, "clusters": paths}, context=Path("/etc")).clusters

    assert clusters.blue.kubeconfig == Path("/x/b")
    assert clusters.green.kubeconfig == Path("~/g").expanduser()


def test_addresses_are_written_one_way() -> None:
    assert ListenerSpec(name="http", port=80, address="0:0::1").address == "::1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Shop"}, "String should match pattern"),
        ({"listeners": []}, "at least 1 item"),
        ({"listeners": [{"name": "a", "port": 0}]}, "greater than or equal to 1"),
        ({"listeners": [{"name": "a", "port": 1, "address": "localhost"}]}, "is not an IPv4 or"),
        (
            {"listeners": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]},
            "two listeners have the same name",
        ),
        (
            {"listeners": [{"name": "a", "port": 1}, {"name": "b", "port": 1}]},
            "two listeners have the same address and port",
        ),
        ({"ingressClasses": ["a b"]}, "is not the name of an IngressClass"),
        ({"report": ["mail"]}, "Input should be 'events' or 'status'"),
        ({"gateway": {"type": "nginx"}}, "does not match any of the expected tags"),
        ({"gateway": {"type": "envoy", "concurrency": 0}}, "greater than or equal to 1"),
        ({"gateway": APPGW}, "are needed with an Application Gateway"),
        ({"surprise": 1}, "Extra inputs are not permitted"),
    ],
    ids=[
        "name",
        "empty",
        "port",
        "address",
        "names",
        "places",
        "class",
        "report",
        "type",
        "concurrency",
        "no listeners",
        "unknown",
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Gateway.model_validate({**SMALL, **change})


def test_a_gateway_cannot_be_changed() -> None:
    gateway = Gateway.model_validate(SMALL)

    with pytest.raises(ValidationError, match="frozen"):
        gateway.active = Cluster.GREEN  # type: ignore[misc]  # this is what is tested


def test_the_settings_of_a_gateway_are_all_but_its_clusters() -> None:
    gateway = Gateway.model_validate(SMALL | {"holdOffMs": 7})

    settings = gateway.settings()

    assert settings.model_dump() == gateway.model_dump(exclude={"clusters", "active"})


def test_a_cluster_is_the_same_whether_it_is_there_already_or_not() -> None:
    access = ClusterAccess(kubeconfig=Path("old.yaml"), context="old")

    assert access.is_same(access.model_copy(update={"awaited": True}))
    assert not access.is_same(access.model_copy(update={"context": "new"}))
