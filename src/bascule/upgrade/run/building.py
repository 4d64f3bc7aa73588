"""Steps that make, stop, start and remove clusters: begun, then looked at until they are so."""

from collections.abc import Mapping
from typing import assert_never

from bascule.errors import DriverError, OutcomeUnknownError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.ports import Platform, PlatformAct, PlatformProgress, PlatformVerb
from bascule.upgrade.run.results import Absent, Done, Failed, Refused, Seen, Waits
from bascule.upgrade.run.state import UpgradeState

VERBS: Mapping[str, PlatformVerb] = {
    StepKind.MAKE_CLUSTER: PlatformVerb.MAKE,
    StepKind.STOP_CLUSTER: PlatformVerb.STOP,
    StepKind.START_CLUSTER: PlatformVerb.START,
    StepKind.REMOVE_CLUSTER: PlatformVerb.REMOVE,
}
"""The kinds of steps that a platform carries out."""


_BEGUN: Mapping[PlatformVerb, str] = {
    PlatformVerb.MAKE: "making",
    PlatformVerb.STOP: "stopping",
    PlatformVerb.START: "starting",
    PlatformVerb.REMOVE: "removing",
}


class Building:
    """Has a platform carry out steps; looked at often, it asks its cloud at its own pace."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def observe(self, run: UpgradeState, step: Step) -> Seen:
        """Return how far the step is, whoever began it."""
        seen = await self._platform.observe(_act(run, step))
        match seen.progress:
            case PlatformProgress.DONE:
                return Done(output=seen.output, reason=seen.reason)
            case PlatformProgress.ABSENT:
                return Absent()
            case PlatformProgress.BUSY | PlatformProgress.UNKNOWN:
                return Waits(reason=seen.reason)
            case PlatformProgress.FAILED:
                return Failed(reason=seen.reason, remedy=seen.remedy, output=seen.output)
            case _:
                assert_never(seen.progress)

    async def begin(self, run: UpgradeState, step: Step) -> Waits | Refused:
        """Have the step begun, and return; it is looked at later."""
        act = _act(run, step)
        try:
            await self._platform.begin(act)
        except DriverError as error:
            return Refused(reason=error.message, remedy=error.remedy)
        except OutcomeUnknownError as error:
            return Waits(reason=error.message)
        return Waits(reason=f"{_BEGUN[act.verb]} {act.cluster}")


def _act(run: UpgradeState, step: Step) -> PlatformAct:
    found = step.args.get("platform")
    platform: Mapping[str, Json] = found if isinstance(found, dict) else {}
    return PlatformAct(
        key=f"{run.run_id}:{step.key}",
        verb=VERBS[step.kind],
        cluster=Cluster(str(step.args.get("cluster"))),
        platform=platform,
    )
