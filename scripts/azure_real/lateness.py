"""Questions about how late Azure's own records are: the activity log, and Azure Monitor."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bascule.azure.document import Document, list_at, text_at
from bascule.gateway.appgw.minutes import BY_POOL, BY_STATUS, Minutes, read_minutes
from bascule.gateway.appgw.rivals import has_ended
from bascule.gateway.appgw.trail import Trail
from bascule.ids import Cluster
from scripts.azure_real.documents import COLD
from scripts.azure_real.gateway import SETTLE_S, find_url, finish, pause, read
from scripts.azure_real.judging import Fact
from scripts.azure_real.judging_evidence import judge_activity_log, judge_metrics
from scripts.azure_real.traffic import OK, sampling
from scripts.azure_real.world import World

LATE_MAX_S = 900.0
"""How long a record is waited for."""
LOOK_S = 5.0
STEADY = 3
"""A minute is whole when nothing was added to it for so many lengths of a minute."""
BEFORE = timedelta(minutes=5)


async def ask_activity_log(world: World) -> Fact:
    """Ask when a write that changes nothing is seen in the activity log, and when its end is."""
    clock, gateway = world.arm.clock, world.ids().gateway
    correlation_id, begun_at = str(uuid4()), clock.now()
    document = await read(world)
    sent_s = clock.monotonic_s()
    accepted = await world.client.put(gateway, document, correlation_id=correlation_id)
    await finish(world, accepted.operation_url)
    ended_s = clock.monotonic_s() - sent_s
    trail = Trail(world.client, str(gateway))
    seen_s: dict[str, float] = {}
    is_ended = False
    while not is_ended and clock.monotonic_s() - sent_s < LATE_MAX_S:
        events = await trail.read(begun_at)
        if events is None:
            return {"answer": "unknown", "why": "the activity log cannot be read"}
        for event in events:
            if event.correlation_id == correlation_id:
                seen_s.setdefault(event.status, clock.monotonic_s() - sent_s)
        is_ended = has_ended(events, correlation_id)
        if not is_ended:
            await pause(world, LOOK_S)
    return judge_activity_log(seen_s, ended_s=ended_s, limit_s=LATE_MAX_S, has_ended=is_ended)


async def ask_metrics(world: World) -> Fact:
    """Ask when a minute with requests is told of, and when nothing is added to it any more.

    Requests begin before it does, so that it is known how many were sent in it.
    """
    clock = world.arm.clock
    minutes, _ = await _fetch_minutes(world, clock.now() - BEFORE)
    start_s = next_minute(clock.now().timestamp(), minutes)
    async with sampling(await find_url(world), clock.monotonic_s) as log:
        await asyncio.sleep(start_s - clock.now().timestamp())
        await pause(world, SETTLE_S)
    behind_s = clock.now().timestamp() - clock.monotonic_s()
    sent = sum(behind_s + each.sent_s >= start_s for each in log.answers if each.what == OK)
    if not sent:
        return {"answer": "unknown", "why": "no request was answered well"}
    return await _await_minute(world, start_s, sent)


async def _await_minute(world: World, start_s: float, sent: int) -> Fact:
    clock = world.arm.clock
    counts: list[tuple[float, int]] = []
    while True:  # ends LATE_MAX_S after the minute
        minutes, labels = await _fetch_minutes(world, datetime.fromtimestamp(start_s, UTC))
        late_s = clock.now().timestamp() - start_s - minutes.grain_s
        minute = minutes.by_start.get(start_s, {}).get(Cluster.BLUE)
        count = 0 if minute is None else minute.ended
        if count and (not counts or counts[-1][1] != count):
            counts.append((late_s, count))
        is_steady = bool(counts) and late_s - counts[-1][0] >= STEADY * minutes.grain_s
        if is_steady or late_s >= LATE_MAX_S:
            break
        await pause(world, LOOK_S)
    found = judge_metrics(counts, sent=sent, grain_s=minutes.grain_s, limit_s=LATE_MAX_S)
    return {**found, "labels": labels}


def next_minute(now_s: float, minutes: Minutes) -> float:
    """Return when the next minute begins, by those that are told of."""
    grain_s = minutes.grain_s
    known_s = minutes.starts[-1] if minutes.starts else 0.0
    return known_s + ((now_s - known_s) // grain_s + 1) * grain_s


async def _fetch_minutes(world: World, since: datetime) -> tuple[Minutes, dict[str, list[str]]]:
    """Return what Azure Monitor tells of the pool that the rule leads to, and by which labels."""
    gateway, now = world.ids().gateway, world.arm.clock.now()
    found: list[Document] = []
    for names, split in (
        (BY_STATUS, "BackendPool eq '*' and HttpStatusGroup eq '*'"),
        (BY_POOL, "BackendSettingsPool eq '*'"),
    ):
        query = {
            "metricnames": ",".join(names),
            "timespan": f"{_time(since - BEFORE)}/{_time(now)}",
            "interval": "PT1M",
            "aggregation": "Total,Average",
            "$filter": split,
        }
        path = f"{gateway}/providers/Microsoft.Insights/metrics"
        found += await world.client.list(path, query)
    minutes = read_minutes(found, _is_cold)
    return minutes or Minutes(), _labels(found)


def _is_cold(pool: str) -> Cluster | None:
    return Cluster.BLUE if pool.lower() == COLD else None


def _labels(metrics: list[Document]) -> dict[str, list[str]]:
    """Return the values of each dimension, which nobody could look up."""
    found: dict[str, set[str]] = {}
    for metric in metrics:
        for series in list_at(metric, "timeseries"):
            for label in list_at(series, "metadatavalues"):
                values = found.setdefault(text_at(label, "name", "value").lower(), set())
                values.add(text_at(label, "value"))
    return {name: sorted(values) for name, values in sorted(found.items())}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
