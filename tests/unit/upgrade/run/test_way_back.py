from dataclasses import replace

from bascule.gateway.driver import ClusterTraffic, Convergence, Observation
from bascule.ids import Cluster
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.ports import Asked
from bascule.upgrade.readiness import TrafficView
from bascule.upgrade.run.rollback import judge_eligibility
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.run.way_back import judge_way_back
from bascule.upgrade.state import GatewayState
from tests.support.fake_run import FakeBackends
from tests.support.orders import GREEN, shop_routes, state_after, view
from tests.support.plans import build_plan, build_step, weights
from tests.support.runs import after, at_step, begun, entered, started
from tests.support.tables import host, route, route_set

MOVED = at_step("bake")
NO_BLUE = view(shop_routes(blue=False))


def on_green(run: UpgradeState) -> GatewayState:
    return replace(state_after(), split=GREEN, upgrades=(run,))


def blue_with(healthy: int | None) -> Observation:
    traffic = ClusterTraffic(
        requests_total=0, requests_active=0, endpoints_healthy=healthy, failures_total=0
    )
    return Observation(convergence=Convergence.CONVERGED, traffic={Cluster.BLUE: traffic})


def test_a_blue_that_serves_is_a_way_back() -> None:
    for seen in (None, blue_with(3), blue_with(None)):
        found = judge_way_back(MOVED, on_green(MOVED), view(), seen)

        assert found == judge_eligibility(MOVED)


def test_a_blue_without_an_endpoint_is_none() -> None:
    found = judge_way_back(MOVED, on_green(MOVED), NO_BLUE)

    assert not found.is_possible
    assert found.reason == (
        "blue has no ready endpoint for any route; bring it up to have a way back"
    )


def test_a_blue_that_the_gateway_finds_unhealthy_is_none() -> None:
    found = judge_way_back(MOVED, on_green(MOVED), view(), blue_with(0))

    assert not found.is_possible
    assert found.reason.startswith("the gateway finds no backend of blue healthy")


def test_a_blue_some_of_whose_backends_the_gateway_finds_sick_is_none() -> None:
    backends = FakeBackends({Cluster.BLUE: Asked(sick="pool-blue_api (10.1.0.4): no answer")})

    found = judge_way_back(MOVED, on_green(MOVED), view(), blue_with(3), backends=backends)

    assert not found.is_possible
    assert found.reason == (
        "the gateway finds backends of blue unhealthy: pool-blue_api (10.1.0.4): no answer; "
        "bring it up to have a way back"
    )


def test_a_blue_that_is_as_sick_as_green_is_a_way_back_and_told() -> None:
    backends = FakeBackends({Cluster.BLUE: Asked(sick_anyway="pool-blue_api")})

    found = judge_way_back(MOVED, on_green(MOVED), view(), backends=backends)

    assert found.is_possible
    assert ", but the gateway finds backends of blue unhealthy, as green's in" in found.reason
    assert found.reason.endswith(": pool-blue_api")


def test_a_blue_whose_answer_is_awaited_is_a_way_back() -> None:
    backends = FakeBackends({Cluster.BLUE: Asked(is_awaited=True, doubt="not asked yet")})

    found = judge_way_back(MOVED, on_green(MOVED), view(), backends=backends)

    assert found == judge_eligibility(MOVED)


def test_what_would_stay_behind_is_told_beside_the_way_back() -> None:
    lame = shop_routes()
    more = host("b.test", route(None, lame.hosts[0].routes[0].green))
    mixed = TrafficView(routes=route_set([*lame.hosts, more]), lists=view().lists)

    found = judge_way_back(MOVED, on_green(MOVED), mixed)

    assert found.is_possible
    assert "until retire-blue begins, but blue has no ready endpoint for b.test/" in found.reason


def test_before_traffic_has_moved_nobody_depends_on_a_way_back() -> None:
    run = begun()

    assert judge_way_back(run, on_green(run), NO_BLUE) == judge_eligibility(run)


def test_what_the_upgrade_has_stopped_is_started_by_the_rollback() -> None:
    stop = build_step("stop-blue", Stage.BAKE, StepKind.STOP_CLUSTER, cluster="blue")
    run = begun(build_plan([weights(100), stop]))
    run = after(run, entered(Stage.SHIFT), started("shift-100"))
    before = judge_way_back(run, on_green(run), NO_BLUE)
    run = at_step("stop-blue", run.plan)
    run = after(run, started("stop-blue"))

    assert not before.is_possible
    assert judge_way_back(run, on_green(run), NO_BLUE).is_possible


def test_where_a_rollback_is_not_permitted_that_is_the_reason() -> None:
    over = at_step("retire-blue")
    over = after(over, started("retire-blue"))

    assert judge_way_back(over, on_green(over), NO_BLUE) == judge_eligibility(over)
