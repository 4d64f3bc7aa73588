"""The preflight of a running upgrade, over a controller with fakes around it."""

import asyncio
from typing import Any

import pytest
import yaml

from bascule.app.checking import build_live_checks, build_survey
from bascule.checks.appgw.facts import AppGwFacts
from bascule.checks.azure.facts import InsideFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding
from bascule.errors import ForbiddenError
from bascule.gateway.appgw.abilities import IDLE_UPDATES
from bascule.ids import Cluster
from bascule.inventory.live import LiveChecks
from bascule.inventory.survey import Survey
from bascule.kube.client import ServerVersion
from bascule.kube.connection import Connection
from bascule.manifest.objects import ManifestObject
from bascule.spec.load import parse_gateway
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.state import GatewayState
from tests.support.controller_world import ALL_BLUE, ControllerWorld, make_world, running
from tests.support.inventories import inventory
from tests.support.orders import state_after
from tests.support.plans import build_plan, build_step, weights
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice, shop
from tests.support.runs import begin_event
from tests.support.virtual_clock import VirtualClock

FILE = (
    "{name: shop, clusters: {blue: {kubeconfig: k, context: old},"
    " green: {kubeconfig: k, context: new}}}"
)
GATEWAY = parse_gateway(FILE, "gateway.yaml")
PLACE = {"resourceGroup": "g", "name": "gw"}
DOOR = {"name": "http", "address": "203.0.113.7", "port": 80}
BALANCERS = {"loadBalancers": {each.value: {"address": "10.0.0.4"} for each in Cluster}}
CONNECTIONS = {
    Cluster.BLUE: Connection(name="old", server="https://old.example.com"),
    Cluster.GREEN: Connection(name="new", server="https://new.example.com"),
}
VERSIONS = {
    Cluster.BLUE: ServerVersion(major="1", minor="30", git_version="v1.30.1"),
    Cluster.GREEN: ServerVersion(major="1", minor="33", git_version="v1.33.2"),
}


def checks_of(world: ControllerWorld) -> LiveChecks:
    return build_live_checks(
        GATEWAY,
        world.controller,
        world.driver,
        connections=CONNECTIONS,
        versions=VERSIONS,
        state=lambda: GatewayState(seq=1, split=ALL_BLUE),
        survey=build_survey(GATEWAY, {}, None, world.clock),
    )


async def find(world: ControllerWorld) -> dict[str, Finding]:
    return {finding.code: finding for finding in await checks_of(world).find()}


def twice() -> list[ManifestObject]:
    return parsed(raw_ingress(paths=("/", "/api")), raw_service(), raw_slice())


async def test_the_controllers_knowledge_is_checked() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*twice())
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)

        found = await find(world)

    assert set(found) == {"NewerVersion", "RoutesMissing"}
    assert "shop.example.com/api" in found["RoutesMissing"].message


async def test_nothing_is_found_of_lists_before_the_routes_are_made_of_them() -> None:
    async with running(make_world()) as world, asyncio.TaskGroup() as group:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.clock.settle()
        assert world.pushed == []

        finding = group.create_task(find(world))
        await world.until(finding.done)

    assert set(finding.result()) == {"NewerVersion"}


async def test_an_api_that_is_away_is_told_with_its_reason() -> None:
    async with running(make_world()) as world:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)
        world.green.lose("no route to host")
        await world.pass_time()

        found = await find(world)

    assert "green (new) is not known: no route to host" in found["ClusterUnreachable"].message


class HiddenCluster:
    """Shows nobody what runs in it."""

    async def list_all(self, *_: object, **__: object) -> object:
        raise ForbiddenError("it is not shown to you")


async def look_at_gateway() -> AppGwFacts:
    return AppGwFacts(gateway=Unreadable(what="the gateway", reason="away"), update=IDLE_UPDATES)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ({"type": "envoy"}, set()),
        ({"type": "appgw", **PLACE}, {*Cluster}),
        ({"type": "appgw+envoy", **PLACE, "envoys": {"addresses": ["10.0.0.9"]}}, {*Cluster}),
    ],
    ids=["envoy", "appgw", "tier"],
)
async def test_who_else_may_write_the_gateway_is_looked_for_in_both_clusters(
    kind: dict[str, object], asked: set[Cluster]
) -> None:
    spec = {**yaml.safe_load(FILE), "listeners": [DOOR], "gateway": kind}
    clients: Any = dict.fromkeys(Cluster, HiddenCluster())

    survey = build_survey(
        parse_gateway(yaml.safe_dump(spec), "g.yaml"), clients, look_at_gateway, VirtualClock()
    )
    found = await survey.complete(inventory())

    assert set(found.inside) == asked
    assert (found.appgw is not None) is bool(asked)


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ({"type": "appgw", **PLACE}, {"OverlayNotExtended"}),
        ({"type": "appgw", **PLACE, "backends": "loadBalancer", **BALANCERS}, set()),
        ({"type": "appgw+envoy", **PLACE, "envoys": {"addresses": ["10.0.0.9"]}}, set()),
    ],
    ids=["pods", "balancers", "tier"],
)
async def test_an_overlay_that_the_upgrade_makes_is_looked_into_where_pods_are_sent_to(
    kind: dict[str, object], codes: set[str]
) -> None:
    spec = {**yaml.safe_load(FILE), "listeners": [DOOR], "gateway": kind}
    gateway = parse_gateway(yaml.safe_dump(spec), "g.yaml")
    make = build_step(
        "make-green",
        Stage.PROVISION,
        StepKind.MAKE_CLUSTER,
        cluster="green",
        platform={"extension": ["10.240.0.0/24"]},
    )
    state = state_after(begin_event(build_plan((make, weights(5)))))

    async def look() -> InsideFacts:
        return InsideFacts(extensions=())

    async with running(make_world()) as world:
        world.blue.sync(*shop())
        world.green.sync(*shop())
        await world.until(lambda: world.pushed)
        survey = Survey(dict.fromkeys(Cluster, look), None, world.clock)
        checks = build_live_checks(
            gateway,
            world.controller,
            world.driver,
            connections=CONNECTIONS,
            versions=VERSIONS,
            state=lambda: state,
            survey=survey,
        )
        found = {each.code for each in await checks.find()}

    assert found & {"OverlayNotExtended"} == codes
