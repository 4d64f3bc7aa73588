from dataclasses import replace

import pytest

from bascule.checks.appgw.steering import check_steering
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from bascule.gateway.driver import Convergence, Observation
from tests.support.appgw_facts import FINE, GATEWAY, with_gateway
from tests.support.inventories import inventory


def test_a_gateway_that_can_be_steered_is_fine() -> None:
    assert check_steering(with_gateway()) == ()
    assert check_steering(inventory()) == ()


@pytest.mark.parametrize(
    ("remedy", "told"), [("", "give the caller the role Reader there"), ("wait", "wait")]
)
def test_one_that_cannot_be_read_is_a_blocker(remedy: str, told: str) -> None:
    hidden = Unreadable(what="the gateway gw", reason="forbidden", remedy=remedy)

    (found,) = check_steering(with_gateway(replace(FINE, gateway=hidden)))

    assert (found.severity, found.code) == (Severity.BLOCKER, "GatewayUnreadable")
    assert (found.message, found.remedy) == ("the gateway gw cannot be read: forbidden", told)


@pytest.mark.parametrize(
    ("convergence", "severity"),
    [
        (Convergence.CONVERGED, Severity.WARNING),
        (Convergence.PENDING, Severity.WARNING),
        (Convergence.UNKNOWN, Severity.BLOCKER),
    ],
)
def test_one_look_that_failed_does_not_stop_who_sees_the_gateway(
    convergence: Convergence, severity: Severity
) -> None:
    hidden = replace(FINE, gateway=Unreadable(what="the gateway gw", reason="503"))
    seen = replace(with_gateway(hidden), observation=Observation(convergence=convergence))

    (found,) = check_steering(seen)

    assert (found.code, found.severity) == ("GatewayUnreadable", severity)


def test_a_stopped_one_is_a_blocker() -> None:
    stopped = replace(GATEWAY, is_running=False)

    (found,) = check_steering(with_gateway(replace(FINE, gateway=stopped)))

    assert (found.severity, found.code) == (Severity.BLOCKER, "GatewayStopped")


def test_a_write_that_failed_does_not_keep_from_the_next_one_which_mends_it() -> None:
    failed = replace(GATEWAY, state="Failed")

    (found,) = check_steering(with_gateway(replace(FINE, gateway=failed)))

    assert (found.severity, found.code) == (Severity.WARNING, "GatewayFailed")


def test_agics_tags_are_a_blocker() -> None:
    marked = replace(FINE, gateway=replace(GATEWAY, is_marked_by_agic=True))

    (found,) = check_steering(with_gateway(marked))

    assert (found.severity, found.code) == (Severity.BLOCKER, "AgicOwnsGateway")


def test_a_gateway_of_another_bascule_is_a_blocker() -> None:
    (found,) = check_steering(with_gateway(replace(FINE, foreign_owner="shop-2")))

    assert (found.severity, found.code) == (Severity.BLOCKER, "GatewayOfAnother")
    assert "tagged as the gateway shop-2 of another Bascule" in found.message
