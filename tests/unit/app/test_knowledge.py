from dataclasses import replace

from bascule.app.knowledge import LISTED_MAX, controller_document
from bascule.controller.cache import ClusterKnowledge, ClusterState
from bascule.controller.view import ControllerView, Fault
from bascule.ids import Cluster
from bascule.kube.client import ServerVersion
from bascule.routing.model import Problem, RouteSet
from bascule.routing.weights import Split
from tests.support.orders import BLUE, START, percent
from tests.support.tables import backend, host, route, route_set

SYNCED = ClusterKnowledge(
    state=ClusterState.SYNCED, since=START, reason="", is_complete=True, objects=4
)
STALE = ClusterKnowledge(
    state=ClusterState.STALE, since=START, reason="refused", is_complete=True, objects=4
)


def seen(routes: RouteSet, *, split: Split = BLUE, fault: Fault | None = None) -> ControllerView:
    return ControllerView(
        clusters={Cluster.BLUE: SYNCED, Cluster.GREEN: STALE},
        routes=routes,
        wanted_split=split,
        applied_split=None,
        applied_table_digest=None,
        is_pending=True,
        gateway_fault=fault,
        last_good_fault=None,
    )


def test_each_cluster_says_how_well_it_is_known() -> None:
    version = ServerVersion(major="1", minor="33", git_version="v1.33.0")

    document = controller_document(seen(route_set([])), {Cluster.BLUE: version})

    assert document["clusters"] == {
        "blue": {
            "version": "v1.33.0",
            "state": "synced",
            "since": START.isoformat(),
            "reason": "",
            "objects": 4,
        },
        "green": {
            "version": None,
            "state": "stale",
            "since": START.isoformat(),
            "reason": "refused",
            "objects": 4,
        },
    }
    assert document["applied_weights"] is None


def test_routes_that_are_bound_or_down_say_why() -> None:
    blue, unready = backend(Cluster.BLUE, "web", 1), backend(Cluster.GREEN, "web")
    down = route(backend(Cluster.BLUE, "web"), None)
    hosts = [
        host("a.example.com", route(blue, backend(Cluster.GREEN, "web", 2))),
        host("b.example.com", route(blue, unready)),
        host("c.example.com", down),
        host("d.example.com", route(blue, None)),
    ]

    document = controller_document(seen(route_set(hosts), split=percent(50)), {})

    assert document["routes"] == {
        "hosts_total": 4,
        "total": 4,
        "down_total": 1,
        "bound_total": 2,
        "down": [
            {
                "host": "c.example.com",
                "path": "/",
                "bound_to": "blue",
                "reason": "green does not have the route; blue has no ready endpoint",
                "effective": {"blue_bp": 10_000, "green_bp": 0},
            }
        ],
        "bound": [
            {
                "host": "b.example.com",
                "path": "/",
                "bound_to": "blue",
                "reason": "green has no ready endpoint",
                "effective": {"blue_bp": 10_000, "green_bp": 0},
            },
            {
                "host": "d.example.com",
                "path": "/",
                "bound_to": "blue",
                "reason": "green does not have the route",
                "effective": {"blue_bp": 10_000, "green_bp": 0},
            },
        ],
        "stale": [],
    }


def test_problems_are_all_counted_and_some_are_listed() -> None:
    problems = tuple(
        Problem(
            cluster=Cluster.BLUE,
            kind="Ingress",
            namespace="shop",
            name=f"i{number}",
            code="ServiceNotFound",
            message="no such service",
        )
        for number in range(LISTED_MAX + 1)
    )

    document = controller_document(seen(RouteSet(listeners=(), hosts=(), problems=problems)), {})

    assert document["problems_total"] == LISTED_MAX + 1
    assert isinstance(document["problems"], list)
    assert len(document["problems"]) == LISTED_MAX


def test_a_fault_that_is_tried_again_is_told() -> None:
    fault = Fault(message="refused", remedy="look", since=START, attempts=3)

    document = controller_document(seen(route_set([]), fault=fault), {})

    assert document["faults"] == [
        {
            "part": "gateway",
            "message": "refused",
            "remedy": "look",
            "since": START.isoformat(),
            "attempts": 3,
        }
    ]


def test_what_the_gateway_cannot_do_is_a_problem_like_any_other() -> None:
    problem = Problem(
        cluster=Cluster.BLUE, kind="Ingress", namespace="shop", name="web", code="C", message="no"
    )

    document = controller_document(replace(seen(route_set([])), gateway_problems=(problem,)), {})

    assert document["problems_total"] == 1
