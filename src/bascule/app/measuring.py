"""What an upgrade is measured by: the gateway's totals, the plan's checks, the own witness."""

import os

from bascule.app.witnessing import WitnessDesk
from bascule.clock import Clock
from bascule.controller.loop import Controller
from bascule.gateway.driver import GatewayDriver
from bascule.journal.store import SampleStore
from bascule.probes.checks.asking import CheckAsker
from bascule.probes.measuring import MeasuringDesk, Sources
from bascule.probes.targets import Target, find_target


def build_measuring(
    controller: Controller,
    driver: GatewayDriver,
    witness: WitnessDesk,
    *,
    samples: SampleStore,
    clock: Clock,
) -> MeasuringDesk:
    """Return the desk that measures, not at work yet."""

    def aim(host: str, path: str, is_tls: bool) -> Target | None:  # noqa: FBT001 — the asker's words
        routes = controller.view().routes
        return find_target(routes, controller.certificates, host=host, path=path, is_tls=is_tls)

    asker = CheckAsker(find_target=aim, environ=os.environ, clock=clock)
    sources = Sources(
        look=driver.measure,
        split=lambda: controller.view().wanted_split,
        ask=asker.ask,
        witness=witness,
        samples=samples,
    )
    return MeasuringDesk(sources, clock)
