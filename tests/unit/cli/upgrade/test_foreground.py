from pathlib import Path

from bascule.cli.upgrade.foreground import say_who_serves
from bascule.spec.appgw import AppGwGateway
from bascule.spec.gateway import ClusterAccess, Clusters, Gateway, ListenerSpec

CLUSTERS = Clusters(
    blue=ClusterAccess(kubeconfig=Path("/blue")), green=ClusterAccess(kubeconfig=Path("/green"))
)
LISTENERS = (ListenerSpec(name="http", port=80),)


def test_whoever_serves_goes_on() -> None:
    envoy = Gateway(name="shop", clusters=CLUSTERS, listeners=LISTENERS)
    azure = AppGwGateway(type="appgw", resource_group="g", name="gw")

    assert say_who_serves(envoy, 7) == "Envoy (process 7) goes on serving"
    assert say_who_serves(envoy, None) == "no Envoy runs here"
    there = envoy.model_copy(update={"gateway": azure})
    assert say_who_serves(there, None) == "the gateway gw goes on serving"
