from dataclasses import replace

import pytest

from bascule.checks.findings import Finding, Severity
from bascule.gateway.driver import UpdateTimes
from bascule.ids import Cluster
from bascule.upgrade.gates.model import Check, CheckType, Gates
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import Step
from bascule.upgrade.plan.rules_of_updates import (
    SERVICES_NAMED_MAX,
    lint_judging_time,
    lint_shares,
    lint_updates,
)
from bascule.upgrade.run.stages import Stage
from tests.support.planning import APP_GATEWAY, KNOWN, SLOW
from tests.support.plans import build_plan, hold, weights
from tests.support.tables import backend, host, route, route_set

JUDGED = Gates(success_min=0.95)


def test_a_plan_tells_how_often_the_gateway_is_updated_and_for_how_long() -> None:
    updates, atomic = lint_updates(build_plan([weights(50), weights(100)]), SLOW)

    assert updates.message == (
        "2 steps update the whole gateway (shift-50, shift-100), by 1 PUT each: mostly in 8s, "
        "one in ten in more than 1m19s (of 90 updates of idle gateways); each counts as a "
        "disruption"
    )
    assert (atomic.severity, atomic.code) == (Severity.INFO, "SwitchNotAtomic")
    assert "both versions answer" in atomic.message


def test_what_was_measured_here_is_told_instead() -> None:
    measured = UpdateTimes(median_s=0.2, p90_s=30.0, source="of 3 updates of this gateway")

    told, _ = lint_updates(build_plan([weights(100)]), replace(SLOW, measured_update=measured))

    assert told.message.startswith("1 step updates the whole gateway (shift-100), by 1 PUT each")
    assert (
        "mostly in 1s, one in ten in more than 30s (of 3 updates of this gateway)" in told.message
    )


def test_where_changes_are_messages_nothing_is_told_of_them() -> None:
    assert list(lint_updates(build_plan([weights(100)]), KNOWN)) == []
    assert list(lint_updates(build_plan([]), SLOW)) == []


def judged(hold_s: float, gates: Gates = JUDGED) -> Step:
    return hold(f"hold-{hold_s:g}", Stage.SHIFT, hold_s, gates)


def test_a_step_is_not_judged_before_the_gateway_has_counted_for_long_enough() -> None:
    plan = build_plan([judged(60), judged(299), judged(300)])

    (found,) = lint_judging_time(plan, SLOW)

    assert (found.severity, found.code, found.subject) == (
        Severity.BLOCKER,
        "HoldTooShort",
        "hold-60",
    )
    assert found.message == (
        "hold-60 (1m), hold-299 (4m59s): what this gateway counts comes every 1m, and late, "
        "so nothing can be judged in less than 5m"
    )
    assert found.remedy == "write `hold: 5m` or more there, or no rules in `analysis`"


@pytest.mark.parametrize(
    "gates",
    [
        Gates(has_traffic=False, requests_min=100),
        Gates(requests_min=0, hung_after_s=None),
        Gates(has_traffic=False, checks=(Check(name="a", type=CheckType.COMMAND),)),
    ],
    ids=["no traffic", "no rule", "only checks"],
)
def test_time_that_is_not_judged_by_counts_may_be_short(gates: Gates) -> None:
    assert list(lint_judging_time(build_plan([judged(1, gates)]), SLOW)) == []


def test_requests_that_are_waited_for_are_counts_too() -> None:
    gates = Gates(requests_min=1, hung_after_s=None)

    assert len(list(lint_judging_time(build_plan([judged(1, gates)]), SLOW))) == 1


def test_a_gateway_that_counts_at_any_moment_may_be_judged_at_once() -> None:
    assert list(lint_judging_time(build_plan([judged(0)]), KNOWN)) == []


def services(*numbers: tuple[int, int]) -> Facts:
    """Return facts of Services with so many pods in blue and in green, split by their numbers."""
    can = replace(APP_GATEWAY, weight_step_bp=1, shares_by_members=True)
    pairs = [
        (
            backend(Cluster.BLUE, f"s{place}", *range(1, blue + 1)),
            backend(Cluster.GREEN, f"s{place}", *range(1, green + 1)),
        )
        for place, (blue, green) in enumerate(numbers)
    ]
    routes = [route(*pair, path=f"/{place}") for place, pair in enumerate(pairs)]
    return replace(KNOWN, capabilities=can, routes=route_set([host("a.test", *routes)]))


def shares(facts: Facts, *percents: float) -> list[Finding]:
    return list(lint_shares(build_plan([weights(percent) for percent in percents]), facts))


def test_the_percentages_that_a_service_reaches_are_told() -> None:
    (found,) = shares(services((3, 2)), 25, 50, 100)

    assert (found.severity, found.subject) == (Severity.INFO, "shop/s0")
    assert found.message == (
        "shop/s0 has 3 pods in blue and 2 in green, and can give green 0, 25, 33.3, 40, 50, 66.7, "
        "100 %: 25 % becomes 25 %, 50 % becomes 50 %"
    )


def test_a_share_that_becomes_far_more_is_a_warning() -> None:
    (found,) = shares(services((3, 2)), 5, 100)

    assert found.severity is Severity.WARNING
    assert found.message.endswith(": 5 % becomes 25 %")
    assert found.remedy == "give green more pods, or move whole hosts"


def test_many_shares_are_counted() -> None:
    few, many = shares(services((6, 6), (60, 50)), 50)

    assert "give green nothing, everything, and 23 shares from 14.3 to 85.7 %:" in few.message
    assert "everything, and nearly each share from 1.64 to 98 %:" in many.message


def test_many_services_are_counted() -> None:
    found = shares(services(*[(1, 1)] * (SERVICES_NAMED_MAX + 3)), 50)

    assert len(found) == SERVICES_NAMED_MAX + 1
    assert found[-1].message.startswith("3 more Services reach the percentages")
    assert len(shares(services(*[(1, 1)] * SERVICES_NAMED_MAX), 50)) == SERVICES_NAMED_MAX


def test_without_shares_there_is_nothing_to_tell() -> None:
    nobody = replace(services(), routes=route_set([host("a.test", route(None, None))]))
    old = backend(Cluster.BLUE, "s0", 1)
    alone = replace(services(), routes=route_set([host("a.test", route(old, None))]))

    assert shares(services((3, 2)), 100) == []
    assert shares(KNOWN, 50) == []
    assert shares(replace(services((3, 2)), routes=None), 50) == []
    assert shares(nobody, 50) == []
    assert shares(alone, 50) == []
