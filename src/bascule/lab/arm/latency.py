"""How long things take: next to nothing (`fast`), or as recorded of real Azure (`real`).

The recorded medians and 90th percentiles, in seconds, become lognormal distributions; `speed`
divides what they give, and Retry-After with it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, TypeVar

from typing_extensions import override

from bascule.lab.arm.world import Durations

Model = Literal["fast", "real"]
FAST_RANGE_S: Final = (0.05, 0.3)
FAST_RETRY_S: Final = 0.1
DEFAULT_POLL_S: Final = 30.0
"""What clients wait between polls when no header tells them."""
_P90: Final = 1.2816
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was seen: median, 90th percentile, least and most, in seconds."""

    median_s: float
    p90_s: float
    min_s: float
    max_s: float

    def draw_s(self, rng: Random) -> float:
        """Return a duration like those seen."""
        sigma = math.log(max(self.p90_s / self.median_s, 1.01)) / _P90
        drawn = rng.lognormvariate(math.log(self.median_s), sigma)
        return min(max(drawn, self.min_s), self.max_s)


RECORDED: Final[Mapping[str, Recorded]] = {
    "appgw.put": Recorded(8, 79, 1, 578),
    "appgw.create": Recorded(342, 777, 219, 1343),
    "appgw.delete": Recorded(478, 900, 376, 1390),
    "appgw.start": Recorded(300, 600, 120, 900),
    "appgw.stop": Recorded(120, 300, 60, 600),
    "appgw.backendhealth": Recorded(12, 13, 10, 30),
    "vnet.put": Recorded(11, 14, 1, 15),
    "subnet.put": Recorded(1.5, 11, 1, 35),
    "publicip.put": Recorded(1.5, 6, 1, 23),
    "network": Recorded(3, 11, 1, 35),
    "group.delete": Recorded(65, 79, 15, 185),
    "deployment": Recorded(3, 10, 1, 35),
    "aks.create": Recorded(304, 446, 166, 1356),
    "aks.upgrade": Recorded(916, 1258, 600, 1500),
    "aks.update": Recorded(113, 687, 75, 1476),
    "aks.scale": Recorded(175, 278, 118, 366),
    "aks.pool.add": Recorded(196, 364, 100, 1554),
    "aks.pool.scale": Recorded(87, 213, 40, 213),
    "aks.pool.upgrade": Recorded(300, 600, 120, 1500),
    "aks.pool.delete": Recorded(120, 216, 60, 400),
    "aks.delete": Recorded(187, 216, 146, 216),
    "aks.start": Recorded(252, 345, 169, 345),
    "aks.stop": Recorded(105, 123, 86, 123),
    "aks": Recorded(113, 687, 75, 1476),
}
"""By operation; one that is not named takes as long as the part before its last dot."""
_OTHER: Final = Recorded(5, 20, 1, 60)

_NETWORK_POLLS: Final = (10.0, 20.0, 20.0, 40.0, 40.0, 80.0, 160.0, 100.0)
_GATEWAY_POLLS: Final = (1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0, 16.0, 16.0, 10.0)
_POLLS: Final[Mapping[str, tuple[float, ...]]] = {
    "appgw.put": _GATEWAY_POLLS,
    "appgw": _NETWORK_POLLS,
    "vnet": _NETWORK_POLLS,
    "subnet": _NETWORK_POLLS,
    "publicip": _NETWORK_POLLS,
    "network": _NETWORK_POLLS,
    "group": (15.0,),
}


class FastDurations(Durations):
    """A blink for everything, so that whole upgrades take seconds."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    @override
    def draw_s(self, operation: str) -> float:
        return self._rng.uniform(*FAST_RANGE_S)

    @override
    def retry_after_s(self, operation: str, polls: int) -> float | None:
        return FAST_RETRY_S


class RecordedDurations(Durations):
    """As recorded, divided by `speed`."""

    def __init__(self, rng: Random, speed: float = 1.0) -> None:
        self._rng = rng
        self._speed = speed

    @override
    def draw_s(self, operation: str) -> float:
        return _find(RECORDED, operation, _OTHER).draw_s(self._rng) / self._speed

    @override
    def retry_after_s(self, operation: str, polls: int) -> float | None:
        steps = _find(_POLLS, operation, ())
        if steps:
            return round(steps[min(polls, len(steps) - 1)] / self._speed, 3)
        # AKS and deployments send none, and clients wait 30 s; a faster lab must say so.
        return round(DEFAULT_POLL_S / self._speed, 3) if self._speed > 1 else None


def make_durations(model: Model, rng: Random, speed: float) -> Durations:
    """Return the durations of a model."""
    return FastDurations(rng) if model == "fast" else RecordedDurations(rng, speed)


def _find(table: Mapping[str, _T], operation: str, other: _T) -> _T:
    name = operation
    while name:
        if name in table:
            return table[name]
        name = name.rpartition(".")[0]
    return other
