"""The contract of gateway drivers finds drivers that break it: each of its cases does."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from typing_extensions import override

from bascule.app.clock import SystemClock
from bascule.errors import BasculeError
from bascule.gateway.driver import Applied, Capabilities, ClusterTraffic, Convergence, Observation
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from bascule.routing.weights import Split, Weights
from scripts.driver_contract.bench import BrokenContractError
from scripts.driver_contract.cases import CASES
from tests.support.driver_ground import MEASURED, make_fake_ground
from tests.support.fake_driver import FakeDriver

CASE_BY_TEXT = {case.text: case for case in CASES}


class AlwaysLive(FakeDriver):
    @override
    async def observe(self) -> Observation:
        return replace(await super().observe(), convergence=Convergence.CONVERGED)


class NeverLive(FakeDriver):
    @override
    async def observe(self) -> Observation:
        return replace(await super().observe(), convergence=Convergence.PENDING, reason="late")


class SplitsNothing(FakeDriver):
    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        return replace(await super().apply(table, certificates), is_split_only=False)


class SplitsAll(FakeDriver):
    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        return replace(await super().apply(table, certificates), is_split_only=True)


class ForgetsHosts(FakeDriver):
    @override
    async def observe(self) -> Observation:
        seen = await super().observe()
        return seen if seen.split is None else replace(seen, split=Split(seen.split.default))


class RefusesNothing(FakeDriver):
    @override
    def fail_next(self, *errors: BasculeError) -> None:
        del errors


class CountsOne(FakeDriver):
    @override
    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        return {Cluster.BLUE: (await super().measure())[Cluster.BLUE]}


class DropsArrangements(FakeDriver):
    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        return await super().apply(replace(table, arrangement=NOTHING_ARRANGED), certificates)


class StepsOddly(FakeDriver):
    @override
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), weight_step_bp=300)


class RoundsShares(FakeDriver):
    @override
    async def observe(self) -> Observation:
        seen = await super().observe()
        return seen if seen.split is None else replace(seen, split=Split(Weights(9_900)))


class TellsOfOne(FakeDriver):
    @override
    async def observe(self) -> Observation:
        return replace(await super().observe(), traffic={Cluster.BLUE: MEASURED})


class TakesWhatItCannotDo(FakeDriver):
    @override
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), has_mirroring=False)


BREAKING = (
    (AlwaysLive, "nothing is live before the first table"),
    (NeverLive, "an applied table is acknowledged and seen"),
    (SplitsAll, "an applied table is acknowledged and seen"),
    (SplitsAll, "the same table twice is one effect"),
    (SplitsNothing, "a new split alone is told apart and seen at once"),
    (SplitsAll, "new routes are not a split alone"),
    (ForgetsHosts, "a host may have weights of its own"),
    (RefusesNothing, "a refused table leaves the last one live and the next one is taken"),
    (NeverLive, "a call that is broken off does no harm to the next"),
    (DropsArrangements, "an arrangement is acknowledged with its table and is no split"),
    (SplitsAll, "an arrangement is acknowledged with its table and is no split"),
    (SplitsAll, "a split under an arrangement is a split alone"),
    (RoundsShares, "shares are exact to the step that the driver names"),
    (TellsOfOne, "traffic is told for both clusters or not at all"),
    (TakesWhatItCannotDo, "a mirror that a gateway cannot arrange is refused and changes nothing"),
    (TakesWhatItCannotDo, "what it can do is consistent"),
    (CountsOne, "measured figures are of both clusters and hold latencies"),
    (StepsOddly, "what it can do is consistent"),
)


def test_every_case_is_shown_to_find_something() -> None:
    alike = {"a header's preview that", "a header's affinity that"}  # as the mirror
    shown = {text for _, text in BREAKING}

    untried = [text for text in CASE_BY_TEXT if text not in shown]

    assert all(any(text.startswith(each) for each in alike) for text in untried), untried


@pytest.mark.parametrize(("driver", "text"), BREAKING)
async def test_a_driver_that_breaks_a_case_is_found(driver: type[FakeDriver], text: str) -> None:
    ground = make_fake_ground(driver(SystemClock()))

    with pytest.raises(BrokenContractError):
        await CASE_BY_TEXT[text].check(ground)
