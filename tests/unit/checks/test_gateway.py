from dataclasses import replace

import pytest

from bascule.checks.findings import Severity
from bascule.checks.gateway import check_gateway, check_unfinished
from bascule.gateway.driver import Convergence, Observation
from tests.support.inventories import inventory


@pytest.mark.parametrize(
    ("convergence", "severity", "code"),
    [
        (Convergence.FOREIGN_CHANGE, Severity.BLOCKER, "ForeignWriter"),
        (Convergence.REFUSED, Severity.BLOCKER, "GatewayRefuses"),
        (Convergence.UNKNOWN, Severity.WARNING, "GatewayUnknown"),
    ],
)
def test_a_gateway_that_cannot_be_steered_is_found(
    convergence: Convergence, severity: Severity, code: str
) -> None:
    seen = Observation(convergence=convergence, reason="the portal")

    (found,) = check_gateway(replace(inventory(), observation=seen))

    assert (found.severity, found.code) == (severity, code)
    assert "the portal" in found.message


@pytest.mark.parametrize("convergence", [Convergence.CONVERGED, Convergence.PENDING])
def test_a_gateway_at_work_is_fine(convergence: Convergence) -> None:
    seen = Observation(convergence=convergence)

    assert check_gateway(replace(inventory(), observation=seen)) == ()


def test_a_gateway_that_was_not_asked_is_not_judged() -> None:
    assert check_gateway(inventory()) == ()


def test_another_unfinished_upgrade_is_a_blocker_that_says_what_to_do() -> None:
    (found,) = check_unfinished(replace(inventory(), unfinished="to-132"))

    assert found.severity is Severity.BLOCKER
    assert "bascule upgrade rollback to-132" in found.remedy


def test_no_other_upgrade_is_fine() -> None:
    assert check_unfinished(inventory()) == ()
