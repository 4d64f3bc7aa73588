from dataclasses import replace

import pytest

from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.gateway import check_gateway
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import facts, gateway


def changed(**changes: object) -> AzureFacts:
    return replace(facts(), gateway=replace(gateway(), **changes))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("tier", ["Standard_v2", "WAF_v2"])
def test_a_gateway_of_the_second_version_is_fine(tier: str) -> None:
    assert check_gateway(changed(tier=tier)) == ()


@pytest.mark.parametrize(
    ("tier", "said"), [("Standard", "of the tier Standard:"), ("", "(not told)")]
)
def test_another_tier_is_a_blocker(tier: str, said: str) -> None:
    (found,) = check_gateway(changed(tier=tier))

    assert (found.severity, found.code) == (Severity.BLOCKER, "GatewayTier")
    assert said in found.message


def test_a_stopped_gateway_is_a_blocker() -> None:
    (found,) = check_gateway(changed(is_running=False))

    assert found.code == "GatewayStopped"


@pytest.mark.parametrize(
    ("hosts", "said"), [(("a.example",), "a.example depend"), ((), "all its hosts depend")]
)
def test_a_failed_gateway_is_a_blocker_that_names_who_depends_on_it(
    hosts: tuple[str, ...], said: str
) -> None:
    (found,) = check_gateway(changed(state="Failed", hosts=hosts))

    assert found.code == "GatewayFailed"
    assert said in found.message


def test_a_gateway_that_is_being_written_is_a_warning() -> None:
    (found,) = check_gateway(changed(state="Updating"))

    assert (found.severity, found.code) == (Severity.WARNING, "GatewayBusy")


def test_a_gateway_that_is_not_known_is_left_out() -> None:
    unknown = Unreadable(what="it", reason="forbidden")

    assert check_gateway(replace(facts(), gateway=unknown)) == ()
