"""A gateway before Envoys that are a fake: what is in front is what counts."""

from random import Random

from bascule.app.clock import SystemClock
from bascule.app.gateways.front import Tier
from bascule.app.gateways.tier_driver import Manner, TierDriver
from bascule.controller.holdoff import HoldOff
from bascule.gateway.driver import GatewayDriver
from bascule.kube.backoff import Backoff
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from tests.support.fake_driver import FakeDriver

AT_ONCE = Manner(
    hold_off=HoldOff(quiet_s=0.0, max_s=0.0, urgent_s=0.0),
    retry=Backoff(),
    rng=Random(1),  # noqa: S311 - it must be the same every time
)


def make_tier(front: GatewayDriver, places: Tier) -> TierDriver:
    """Return a driver of both, which writes the gateway in front without delay."""
    clock = SystemClock()
    return TierDriver(FakeDriver(clock), front, places, clock=clock, manner=AT_ONCE)


async def bring_in_front(
    tier: TierDriver, table: RoutingTable, certificates: CertificateStore
) -> None:
    """Return once the gateway in front serves a table that shows a preview's host.

    Who asks for such a host is the only one who waits for it.
    """
    bare = RoutingTable(routes=table.routes, split=table.split, arrangement=NOTHING_ARRANGED)
    await tier.apply(bare, certificates)
    await tier.apply(table, certificates)
