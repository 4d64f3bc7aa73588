"""A platform in memory: acts take as many looks as they are told to."""

from dataclasses import dataclass, field

from bascule.errors import BasculeError
from bascule.ids import Cluster
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb

_AFTER = {
    PlatformVerb.MAKE: "runs",
    PlatformVerb.START: "runs",
    PlatformVerb.STOP: "stopped",
    PlatformVerb.REMOVE: "",
}


@dataclass(slots=True)
class FakePlatform:
    """Implements `bascule.upgrade.ports.Platform`; it outlives any number of runners."""

    states: dict[Cluster, str] = field(default_factory=lambda: {Cluster.BLUE: "runs"})
    """What there is of each cluster: it `runs`, or is `stopped`; none is there otherwise."""
    looks: int = 1
    """How often an act is seen busy before it is done."""
    begun: list[PlatformAct] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    """What was really begun: `make green`; begun twice it is begun once."""
    refusals: list[BasculeError] = field(default_factory=list)
    """Raised by `begin`, one after the other."""
    failure: str = ""
    """Why the act that is under way has failed for good."""
    _left: dict[str, int] = field(default_factory=dict)

    async def observe(self, act: PlatformAct) -> PlatformSeen:
        if self.failure:
            return PlatformSeen(
                progress=PlatformProgress.FAILED, reason=self.failure, remedy="ask for more"
            )
        if self.states.get(act.cluster, "") == _AFTER[act.verb]:
            return PlatformSeen(progress=PlatformProgress.DONE, output={"verb": act.verb.value})
        left = self._left.get(act.key)
        if left is None:
            return PlatformSeen(progress=PlatformProgress.ABSENT)
        self._left[act.key] = left - 1
        if left <= 1:
            del self._left[act.key]
            self.states[act.cluster] = _AFTER[act.verb]
        return PlatformSeen(progress=PlatformProgress.BUSY, reason=f"{act.verb} is under way")

    async def begin(self, act: PlatformAct) -> None:
        self.begun.append(act)
        if self.refusals:
            raise self.refusals.pop(0)
        if act.key not in self._left:
            self.effects.append(f"{act.verb} {act.cluster}")
            self._left[act.key] = self.looks
