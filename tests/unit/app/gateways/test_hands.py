from pathlib import Path
from typing import Any, cast

import pytest

from bascule.app.gateways.hands import Hands, find_place
from bascule.app.gateways.rehearsals import load_rehearsals
from bascule.app.gateways.rehearsing import rehearse_update
from bascule.app.state_dir import StateDir
from bascule.errors import DriverError, PlanError, UsageError
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.ownership import OWNER_TAG
from bascule.ids import Cluster
from bascule.kube.connection import Connection
from bascule.routing.weights import Split, Weights
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway
from bascule.spec.gateway import Gateway
from tests.support.azure_documents import Documents
from tests.support.orders import BLUE, GREEN
from tests.support.virtual_clock import VirtualClock

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
ALONE = AppGwGateway(type="appgw", resource_group="g", name="gw")
BEHIND = AppGwEnvoyGateway.model_validate(
    {
        "type": "appgw+envoy",
        "resourceGroup": "g",
        "name": "gw",
        "envoys": {"addresses": ["10.0.0.9"]},
    }
)


def hands(*documents: dict[str, Any], split: Split = BLUE, **changes: Any) -> Hands:
    clock = VirtualClock()
    given: dict[str, Any] = {
        "gateway": None,
        "spec": ALONE,
        "settings": AppGwSettings(gateway_id=ID, owner="shop"),
        "state_dir": StateDir(cast("Any", None)),
        "client": Documents(*documents),
        "clock": clock,
        "connections": {},
        "clients": {},
        "split": split,
        "fence": lambda: None,
    }
    return Hands(**{**given, **changes})


@pytest.mark.parametrize(
    ("split", "active"),
    [
        (BLUE, Cluster.BLUE),
        (GREEN, Cluster.GREEN),
        (Split(Weights(5_000)), Cluster.BLUE),
        (Split(Weights(4_000)), Cluster.GREEN),
    ],
)
def test_the_active_cluster_is_the_one_with_most_requests(split: Split, active: Cluster) -> None:
    assert hands(split=split).active is active


def test_a_cluster_that_is_yet_to_come_is_not_there() -> None:
    connections = {
        Cluster.BLUE: Connection(name="old", server="https://old"),
        Cluster.GREEN: Connection(name="new", server="", find=lambda: None),
    }
    client: Any = object()

    there = hands(connections=connections, clients=dict.fromkeys(Cluster, client)).there

    assert there == {Cluster.BLUE: ("old", client)}


def test_where_envoys_decide_the_journal_says_where_requests_go() -> None:
    document: dict[str, Any] = {"id": ID, "tags": {OWNER_TAG: "shop"}, "properties": {}}

    assert hands(split=GREEN, spec=BEHIND).read_split(document) == GREEN
    assert hands(split=GREEN).read_split(document) is None


async def test_a_gateway_that_is_not_there_is_told_by_its_id() -> None:
    with pytest.raises(DriverError, match=f"there is no gateway {ID}"):
        await hands().read()


async def test_a_gateway_of_another_bascule_is_not_measured(tmp_path: Path) -> None:
    document = {"id": ID, "tags": {OWNER_TAG: "blog"}}
    place = StateDir(tmp_path)

    with pytest.raises(PlanError, match="tagged as blog, that of another Bascule"):
        await rehearse_update(hands(document, state_dir=place))

    assert load_rehearsals(place) == ()


def test_other_kinds_of_gateways_are_refused() -> None:
    access = {"kubeconfig": "/k"}
    envoy = Gateway.model_validate({"name": "shop", "clusters": {"blue": access, "green": access}})

    with pytest.raises(UsageError, match="is of the type envoy"):
        find_place(envoy)
