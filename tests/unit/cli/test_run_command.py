from pathlib import Path

from bascule.app.state_dir import StateDir
from bascule.cli.run_command import render_end
from bascule.spec.appgw import AppGwGateway
from bascule.spec.gateway import ClusterAccess, Clusters, Gateway, ListenerSpec

ENVOY = Gateway(
    name="shop",
    clusters=Clusters(
        blue=ClusterAccess(kubeconfig=Path("/blue")), green=ClusterAccess(kubeconfig=Path("/green"))
    ),
    listeners=(ListenerSpec(name="http", port=80),),
)
AZURE = ENVOY.model_copy(
    update={"gateway": AppGwGateway(type="appgw", resource_group="g", name="gw")}
)
PLACE = StateDir(Path("/state"))


def test_who_ends_a_runtime_reads_what_goes_on_and_how_to_end_that() -> None:
    assert render_end(ENVOY, 7, PLACE) == [
        "the runtime has ended; Envoy (process 7) goes on serving",
        "to end it: bascule stop --state /state",
    ]
    assert render_end(AZURE, None, PLACE) == [
        "the runtime has ended; the gateway gw goes on serving"
    ]
    assert render_end(ENVOY, None, PLACE) == []
