from dataclasses import replace

from bascule.app.live import gateway_document
from bascule.app.status import CONTROLLER_KEYS, journal_document
from bascule.cli.status_text import render_status
from bascule.gateway.driver import ClusterTraffic, Convergence, Observation
from bascule.ids import Cluster
from bascule.journal.record import Json
from tests.support.orders import GREEN, moved, percent, state_after


def document(**changes: Json) -> dict[str, Json]:
    seen = Observation(convergence=Convergence.CONVERGED, split=percent(5), instances=1)
    base: dict[str, Json] = {
        "gateway": "shop",
        "runtime": {"pid": 7, "trouble": None},
        **journal_document(state_after(*moved(GREEN, percent(5)))),
        **dict.fromkeys(CONTROLLER_KEYS),
        "live": gateway_document(seen),
        "envoy": {"pid": 8, "deaths": []},
    }
    return {**base, **changes}


def test_wanted_and_live_weights_stand_side_by_side() -> None:
    text = "\n".join(render_status(document()))

    assert "blue     95 %    95 %" in text
    assert "green    5 %     5 %" in text


def test_from_how_many_clients_users_came_is_told_where_a_log_tells_it() -> None:
    counted = ClusterTraffic(
        requests_total=9,
        requests_active=None,
        endpoints_healthy=None,
        failures_total=0,
        clients=3,
        clients_of_both=1,
    )
    seen = Observation(
        convergence=Convergence.CONVERGED,
        traffic={Cluster.BLUE: counted, Cluster.GREEN: replace(counted, clients=20)},
    )

    lines = render_status(document(live=gateway_document(seen)))

    assert "clients of the last minute that was logged: blue 3, green 20; of both: 1" in lines


def test_what_is_null_is_said_to_be_not_known() -> None:
    lines = render_status(document())

    assert "routes   not known" in lines
    assert "problems not known" in lines


def test_without_a_runtime_the_reason_is_told() -> None:
    lines = render_status(document(runtime=None, runtime_reason="no runtime works"))

    assert "runtime  none: no runtime works" in lines


def test_orders_that_wait_for_the_journal_are_told() -> None:
    lines = render_status(document(runtime={"pid": 7, "trouble": "the disk is full"}))

    assert "         orders wait: the disk is full" in lines


def test_routes_problems_and_deaths_are_listed() -> None:
    routes: dict[str, Json] = {
        "hosts_total": 1,
        "total": 2,
        "bound_total": 1,
        "down_total": 0,
        "down": [],
        "bound": [{"host": "a.com", "path": "/", "bound_to": "blue", "reason": "green is not"}],
    }
    problem: dict[str, Json] = {
        "cluster": "blue",
        "kind": "Ingress",
        "namespace": "shop",
        "name": "web",
        "message": "no such service",
        "severity": "error",
    }
    death: dict[str, Json] = {"died_at": "noon", "ready_at": None}

    text = "\n".join(
        render_status(
            document(
                routes=routes,
                problems_total=1,
                problems=[problem],
                envoy={"pid": None, "trouble": "no Envoy there", "deaths": [death]},
            )
        )
    )

    assert "routes   2 on 1 hosts, 1 bound to one cluster, 0 down" in text
    assert "  bound to blue: a.com/: green is not" in text
    assert "  error: blue Ingress shop/web: no such service" in text
    assert "envoy    does not run" in text
    assert "  cannot be started again: no Envoy there" in text
    assert "  died noon, served again not yet" in text


def test_of_an_application_gateway_its_id_and_updates_are_told() -> None:
    appgw: dict[str, Json] = {
        "type": "appgw",
        "id": "/gw",
        "addresses": ["20.0.0.4"],
        "switch_by": {"chosen": "pools", "why": "it is full"},
        "puts": 3,
        "operation": {"begun_at": "2026-01-01T00:00:00Z"},
    }

    lines = render_status(document(appgw=appgw))

    assert "azure    appgw /gw" in lines
    assert (
        "         at 20.0.0.4; 3 update(s) by this runtime, "
        "one under way since 2026-01-01T00:00:00Z" in lines
    )
    assert "         switches by pools: it is full" in lines


def test_who_else_changed_the_gateway_is_told_with_what_to_do() -> None:
    found: dict[str, Json] = {"at": "noon", "message": "bob's pool is gone", "remedy": "ask bob"}

    text = "\n".join(render_status(document(foreign_change=found)))

    assert "  somebody else, noon: bob's pool is gone\n    what to do: ask bob" in text
