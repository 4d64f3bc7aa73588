"""What gateways have counted, minute by minute, and from when on a minute can be seen.

Each instance sends its part of a minute on its own, one after the other, so that a minute is not
there at first, then has a part of its requests, and all of them in the end.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bascule.lab.arm.dataplane.counting import BackendReading, Reading
from bascule.lab.arm.monitor.catalogue import POOL, SETTINGS, SETTINGS_POOL, STATUS_GROUP

MINUTE_S: Final = 60.0
DELAY_S: Final = 90.0
"""How long after its end a minute is whole; nobody could verify it on real Azure."""
LOG_DELAY_S: Final = 120.0
"""The same for the rows of an access log."""
FAST_MINUTE_S: Final = 2.0
FAST_DELAY_S: Final = 1.0
SAMPLES_A_MINUTE: Final = 4
MINUTES_MAX: Final = 1_500
"""So many are kept for each gateway: a day and an hour."""

Labels = tuple[tuple[str, str], ...]
"""Pairs of dimension and value."""
Key = tuple[str, Labels]
"""A metric's name, and what it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a minute of the lab is, and how late it comes."""

    minute_s: float = MINUTE_S
    delay_s: float = DELAY_S
    log_delay_s: float = LOG_DELAY_S
    """How late the rows of an access log come."""

    def visible_s(self, number: int, place: int, instances: int) -> float:
        """Return when what an instance says of a minute can be seen."""
        return (number + 1) * self.minute_s + self.delay_s * (place + 1) / instances

    def log_visible_s(self, number: int, place: int, instances: int) -> float:
        """Return when the rows of an instance's minute can be seen."""
        return (number + 1) * self.minute_s + self.log_delay_s * (place + 1) / instances


def pace_of(model: str, speed: float) -> Pace:
    """Return how fast time passes for Azure Monitor in a lab with these durations."""
    if model == "fast":
        return Pace(minute_s=FAST_MINUTE_S, delay_s=FAST_DELAY_S, log_delay_s=FAST_DELAY_S)
    return Pace(minute_s=MINUTE_S / speed, delay_s=DELAY_S / speed, log_delay_s=LOG_DELAY_S / speed)


@dataclass(slots=True)
class Figure:
    """What was seen of one series in one minute: samples of a gauge, or parts of a sum."""

    total: float = 0.0
    count: int = 0
    least: float = 0.0
    most: float = 0.0

    def add(self, other: "Figure") -> None:
        """Take in what another one has."""
        self.least = min(self.least, other.least) if self.count else other.least
        self.most = max(self.most, other.most) if self.count else other.most
        self.total += other.total
        self.count += other.count

    def take(self, value: float) -> None:
        """Take in one value."""
        self.add(Figure(total=value, count=1, least=value, most=value))


_Part = dict[Key, Figure]
"""What one instance says of one minute."""


@dataclass(slots=True)
class _Gateway:
    minutes: OrderedDict[int, dict[int, _Part]] = field(default_factory=OrderedDict)
    """By number of the minute, then by place of the instance."""
    last: dict[str, tuple[Reading, float]] = field(default_factory=dict)
    """The newest reading of each instance."""
    instances: int = 1


class Book:
    """Implements `Meter`; minutes are numbered since 1970."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.sample_every_s = pace.minute_s / SAMPLES_A_MINUTE
        self._gateways: dict[str, _Gateway] = {}

    def note(self, gateway_id: str, instance: str, reading: Reading, at_s: float) -> None:
        """Take down what an instance, such as `0-3` of the first place, has counted by now."""
        gateway = self._gateways.setdefault(gateway_id.lower(), _Gateway())
        place = int(instance.partition("-")[0])
        gateway.instances = max(gateway.instances, place + 1)
        before, _ = gateway.last.get(instance, (Reading(), at_s))
        gateway.last[instance] = (reading, at_s)
        part = gateway.minutes.setdefault(int(at_s // self.pace.minute_s), {}).setdefault(place, {})
        for key, value in _counts(before, reading):
            if value:
                part.setdefault(key, Figure()).take(value)
        for key, value in _gauges(before, reading, self.sample_every_s):
            part.setdefault(key, Figure()).take(value)
        while len(gateway.minutes) > MINUTES_MAX:
            gateway.minutes.popitem(last=False)
        stale = [
            name for name, (_, seen_s) in gateway.last.items() if seen_s < at_s - MINUTE_S * 60
        ]
        for name in stale:
            del gateway.last[name]

    def read(
        self, gateway_id: str, metric: str, minutes: range, now_s: float
    ) -> Mapping[Labels, Mapping[int, Figure]]:
        """Return what can be seen now of a metric in these minutes, by what it is of."""
        gateway = self._gateways.get(gateway_id.lower(), _Gateway())
        found: dict[Labels, dict[int, Figure]] = {}
        for number, parts in gateway.minutes.items():
            if number not in minutes:
                continue
            for place, part in parts.items():
                if now_s < self.pace.visible_s(number, place, gateway.instances):
                    continue
                for (name, labels), figure in part.items():
                    if name == metric:
                        found.setdefault(labels, {}).setdefault(number, Figure()).add(figure)
        return found


def _counts(before: Reading, after: Reading) -> Iterator[tuple[Key, float]]:
    """Yield how often each thing happened in between."""
    for group, total in after.statuses.items():
        yield ("ResponseStatus", ((STATUS_GROUP, group),)), _rise(before.statuses, group, total)
    for (pool, settings), backend in after.backends.items():
        old = before.backends.get((pool, settings), BackendReading())
        both: Labels = ((SETTINGS_POOL, f"{pool}~{settings}"),)
        good = 0.0
        for group, total in backend.answers.items():
            rise = _rise(old.answers, group, total)
            good += rise if group != "5xx" else 0
            labels: Labels = ((POOL, pool), (SETTINGS, settings), (STATUS_GROUP, group))
            yield ("BackendResponseStatus", labels), rise
        yield ("TotalRequests", both), good
        yield ("FailedRequests", both), _rise({"": old.failed}, "", backend.failed)


def _gauges(before: Reading, after: Reading, passed_s: float) -> Iterator[tuple[Key, float]]:
    """Yield what is so now."""
    yield ("CurrentConnections", ()), float(after.connections)
    sent = _rise({"": before.sent_bytes}, "", after.sent_bytes)
    yield ("Throughput", ()), sent / passed_s
    for (pool, settings), backend in after.backends.items():
        both: Labels = ((SETTINGS_POOL, f"{pool}~{settings}"),)
        yield ("HealthyHostCount", both), float(backend.healthy)
        yield ("UnhealthyHostCount", both), float(backend.unhealthy)


def _rise(before: Mapping[str, int], name: str, total: int) -> float:
    """Return by how much a total rose; one that fell was counted anew."""
    old = before.get(name, 0)
    return float(total - old if total >= old else total)
