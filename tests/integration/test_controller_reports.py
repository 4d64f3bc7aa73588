"""What the controller writes to a cluster, over real HTTP: Events and addresses, nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bascule.controller.report import KubeReporter, ReportOptions
from bascule.ids import Cluster
from bascule.kube.client import KubeClient
from bascule.kube.connection import Connection
from bascule.routing.model import (
    Backend,
    Host,
    IngressRef,
    Match,
    PathKind,
    Problem,
    Route,
    RouteSet,
)
from tests.support.scripted_api import ScriptedApi, Seen, refuse, send
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

EVENTS = "/api/v1/namespaces/shop/events"
INGRESS = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web"
FOUND = b'{"kind":"Ingress","metadata":{"name":"web","uid":"u-1"}}'


class World:
    """A reporter for blue, its API, and a clock that the test moves."""

    def __init__(self, api: ScriptedApi, clock: VirtualClock, reporter: KubeReporter) -> None:
        self.api = api
        self.clock = clock
        self.reporter = reporter

    async def writes(self, count: int) -> list[Seen]:
        """Let time pass until so many requests were written."""

        async def check() -> bool:
            await self.clock.advance(5)
            return len(self.written()) >= count

        await eventually(check)
        return self.written()

    def written(self) -> list[Seen]:
        return [seen for seen in self.api.seen if seen.method != "GET"]


@asynccontextmanager
async def reporting(options: ReportOptions) -> AsyncIterator[World]:
    clock = VirtualClock()
    async with (
        ScriptedApi() as api,
        KubeClient(Connection(name="blue", server=api.url), clock=clock) as client,
        asyncio.TaskGroup() as group,
    ):
        reporter = KubeReporter(client, Cluster.BLUE, clock=clock, options=options)
        task = group.create_task(reporter.keep_reported())
        yield World(api, clock, reporter)
        task.cancel()


def problem(
    name: str = "web", *, kind: str = "Ingress", cluster: Cluster = Cluster.BLUE
) -> Problem:
    return Problem(
        cluster=cluster,
        kind=kind,
        namespace="shop",
        name=name,
        code="ServiceNotFound",
        message="there is no Service web",
    )


def routes(names: Iterable[str], cluster: Cluster = Cluster.BLUE) -> RouteSet:
    backend = Backend(
        name="blue/shop/web/http", cluster=cluster, namespace="shop", service="web", port="http"
    )
    route = Route(
        match=Match("/", PathKind.PREFIX),
        blue=backend,
        green=None,
        sources=tuple(IngressRef(cluster, "shop", name) for name in names),
    )
    return RouteSet(listeners=(), hosts=(Host(name="shop.example.com", routes=(route,)),))


async def test_a_problem_becomes_an_event_on_its_object() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(send(FOUND), on="list")
        world.reporter.tell_problems([problem()])

        (written,) = await world.writes(1)

        event = json.loads(written.body)
        assert (written.method, written.path) == ("POST", EVENTS)
        assert event["involvedObject"]["uid"] == "u-1"
        assert event["reason"] == "ServiceNotFound"


async def test_what_the_gateway_makes_otherwise_is_told_beside_what_the_table_says() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(send(FOUND), send(FOUND), on="list")
        world.reporter.tell_problems([problem("one")])
        world.reporter.tell_applied(routes([]), [problem("two")])

        written = await world.writes(2)

    assert [_named(event) for event in written] == ["one", "two"]


async def test_what_the_gateway_makes_otherwise_stays_told_when_the_table_is_built_anew() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(send(FOUND), on="list")
        world.reporter.tell_applied(routes([]), [problem("two")])
        world.reporter.tell_problems([])

        (written,) = await world.writes(1)

    assert _named(written) == "two"


def _named(event: Seen) -> str:
    """Return the object of an Event that was written."""
    return str(json.loads(event.body)["involvedObject"]["name"])


async def test_an_event_is_written_once_however_often_it_is_told() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(send(FOUND), on="list")
        for _ in range(20):
            world.reporter.tell_problems([problem()])
            await world.clock.advance(1)
        await world.writes(1)
        await world.clock.advance(60)

        assert len(world.written()) == 1


async def test_an_event_that_is_there_is_counted_up() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(send(FOUND), on="list")
        world.api.script(refuse(409, "AlreadyExists"), on="POST")
        world.api.script(send(b'{"kind":"Event","count":4}'), on="list")
        world.reporter.tell_problems([problem()])

        _, patched = await world.writes(2)

        assert patched.method == "PATCH"
        assert json.loads(patched.body)["count"] == 5


@pytest.mark.parametrize("code", [403, 500, 429])
async def test_what_cannot_be_written_is_tried_again_later(code: int) -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(send(FOUND), on="list")
        world.api.script(refuse(code, "No"), on="POST")
        world.api.script(send(FOUND), on="list")
        world.reporter.tell_problems([problem()])

        await world.writes(1)
        await world.writes(2)


async def test_an_object_that_may_not_be_read_gets_its_event_without_a_uid() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(refuse(403, "Forbidden"), on="list")
        world.reporter.tell_problems([problem(kind="Secret")])

        (written,) = await world.writes(1)

        assert "uid" not in json.loads(written.body)["involvedObject"]


async def test_an_object_that_is_gone_gets_no_event() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(refuse(404, "NotFound"), send(FOUND), on="list")
        world.reporter.tell_problems([problem("gone"), problem("web")])

        (written,) = await world.writes(1)

        assert json.loads(written.body)["involvedObject"]["name"] == "web"


async def test_problems_of_the_other_cluster_and_of_no_object_are_left_out() -> None:
    async with reporting(ReportOptions()) as world:
        world.api.script(send(FOUND), on="list")
        others = [problem(cluster=Cluster.GREEN), problem(kind="Cluster")]
        world.reporter.tell_problems([*others, problem()])
        await world.writes(1)
        await world.clock.advance(60)

        assert len(world.written()) == 1


async def test_addresses_are_written_once_the_gateway_has_the_routes() -> None:
    options = ReportOptions(has_events=False, addresses=("192.0.2.7",))
    async with reporting(options) as world:
        world.reporter.tell_applied(routes(["web"]))
        world.reporter.tell_applied(routes(["web"]))

        (written,) = await world.writes(1)

        assert (written.method, written.path) == ("PATCH", f"{INGRESS}/status")
        assert json.loads(written.body)["status"] == {
            "loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}
        }
        await world.clock.advance(60)
        assert len(world.written()) == 1


async def test_an_ingress_that_asks_for_another_address_is_told_that_one() -> None:
    options = ReportOptions(
        has_events=False, addresses=("192.0.2.7",), other_addresses={"is-private": ("10.0.0.7",)}
    )
    told = routes(["web"])
    (found,) = told.hosts[0].routes
    asking = replace(found, extensions={"is-private": "True"})
    async with reporting(options) as world:
        world.reporter.tell_applied(told)
        await world.writes(1)
        world.reporter.tell_applied(
            replace(told, hosts=(replace(told.hosts[0], routes=(asking,)),))
        )

        first, second = await world.writes(2)

    addresses = [json.loads(w.body)["status"]["loadBalancer"]["ingress"] for w in (first, second)]
    assert addresses == [[{"ip": "192.0.2.7"}], [{"ip": "10.0.0.7"}]]


async def test_an_address_that_could_not_be_written_is_written_later() -> None:
    options = ReportOptions(has_events=False, addresses=("192.0.2.7",))
    async with reporting(options) as world:
        world.api.script(refuse(404, "NotFound"), refuse(500, "InternalError"), on="PATCH")
        world.reporter.tell_applied(routes(["gone", "web"]))

        written = await world.writes(4)

        assert [seen.path.split("/")[-2] for seen in written[:2]] == ["gone", "web"]
        assert written[-1].path == f"{INGRESS}/status"


async def test_ingresses_of_the_other_cluster_get_no_address() -> None:
    options = ReportOptions(has_events=False, addresses=("192.0.2.7",))
    async with reporting(options) as world:
        world.reporter.tell_applied(routes(["web"], cluster=Cluster.GREEN))
        world.reporter.tell_applied(routes(["mine"]))

        (written,) = await world.writes(1)

        assert written.path.endswith("/mine/status")
