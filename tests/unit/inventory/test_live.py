from bascule.checks.findings import Severity
from bascule.checks.inventory import ClusterFacts, Inventory
from bascule.gateway.driver import Convergence, Observation
from bascule.inventory.live import LOADING_S, LiveChecks, is_loading
from tests.support.inventories import facts, inventory
from tests.support.virtual_clock import VirtualClock

LOADING = ClusterFacts(name="new")


async def converged() -> Observation:
    return Observation(convergence=Convergence.CONVERGED)


async def test_the_checks_look_anew_each_time() -> None:
    seen = [Convergence.CONVERGED, Convergence.FOREIGN_CHANGE]

    async def observe() -> Observation:
        return Observation(convergence=seen.pop(0), reason="the portal")

    checks = LiveChecks(inventory, observe, VirtualClock())

    first, second = await checks.find(), await checks.find()

    assert [finding.severity for finding in first] == [Severity.INFO]
    assert [finding.code for finding in second] == ["ForeignWriter", "NewerVersion"]


async def test_a_cluster_whose_lists_are_under_way_is_waited_for() -> None:
    clock = VirtualClock()
    begun_s = clock.monotonic_s()

    def look() -> Inventory:
        is_early = clock.monotonic_s() < begun_s + 2
        return inventory(green=LOADING) if is_early else inventory()

    found = await clock.drive(LiveChecks(look, converged, clock).find())

    assert [finding.code for finding in found] == ["NewerVersion"]


async def test_a_cluster_is_not_waited_for_without_end() -> None:
    clock = VirtualClock()
    begun_s = clock.monotonic_s()

    found = await clock.drive(LiveChecks(lambda: inventory(green=LOADING), converged, clock).find())

    assert [finding.code for finding in found] == ["ClusterUnreachable"]
    assert clock.monotonic_s() == begun_s + LOADING_S


def test_a_cluster_that_is_away_is_not_loading() -> None:
    assert not is_loading(inventory(green=facts(reason="connection refused")))
    assert is_loading(inventory(green=LOADING))
