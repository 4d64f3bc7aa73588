"""Questions about how late Azure's own records are: activity log, metrics, access log."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.logs import LogsClient
from bascule.errors import BasculeError, InvalidError
from bascule.gateway.appgw.access_logs import SETTINGS
from bascule.gateway.appgw.log_query import Span, build_query
from bascule.gateway.appgw.log_query import read_minutes as read_log
from bascule.gateway.appgw.log_settings import CATEGORY, LogTable
from bascule.gateway.appgw.minutes import BY_POOL, BY_STATUS, Minutes, read_minutes
from bascule.gateway.appgw.rivals import has_ended
from bascule.gateway.appgw.settings import PREFIX
from bascule.gateway.appgw.trail import Trail
from bascule.ids import Cluster
from scripts.azure_real.documents import COLD, find_addresses
from scripts.azure_real.gateway import SETTLE_S, find_url, finish, pause, read
from scripts.azure_real.judging import Fact
from scripts.azure_real.judging_evidence import judge_activity_log, judge_minute, judge_refusals
from scripts.azure_real.traffic import OK, sampling
from scripts.azure_real.world import World

LOG_NAME = "logs"
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
    """Ask when a minute with requests is told of, and when nothing is added to it any more."""
    labels: dict[str, list[str]] = {}

    async def look(minute: _Minute) -> int:
        minutes, found = await _fetch_minutes(world, datetime.fromtimestamp(minute.start_s, UTC))
        labels.update(found)
        told = minutes.by_start.get(minute.start_s, {}).get(Cluster.BLUE)
        return 0 if told is None else told.ended

    return {**await _watch_minute(world, look), "labels": labels}


async def prepare_access_logs(world: World) -> None:
    """Let the gateway's access log go to a workspace: the first rows of one come very late."""
    workspace, location = _workspace(world), world.settings.location
    body: Document = {"location": location, "properties": {"sku": {"name": "PerGB2018"}}}
    accepted = await world.client.put(workspace, body, is_repeatable=True)
    await finish(world, accepted.operation_url)
    logs = [{"category": CATEGORY, "enabled": True}]
    destination = {"workspaceId": workspace, "logAnalyticsDestinationType": "Dedicated"}
    setting: Document = {"properties": {**destination, "logs": logs}}
    await world.client.put(_setting(world), setting, is_repeatable=True)


async def ask_access_logs(world: World) -> Fact:
    """Ask the same of the access log, by the very question that Bascule asks of it."""
    gateway = str(world.ids().gateway)
    servers = find_addresses(await read(world), COLD)
    refusals: list[str] = []

    async with LogsClient(
        world.azure.cloud, world.azure.credential, clock=world.arm.clock, trust=world.azure.trust
    ) as logs:

        async def look(minute: _Minute) -> int:
            until_s = minute.start_s + minute.grain_s
            span = Span(from_s=minute.start_s, to_s=until_s, grain_s=minute.grain_s)
            known = {Cluster.BLUE: servers}
            text = build_query(LogTable.DEDICATED, span, known, prefix=PREFIX)
            try:
                rows = await logs.query(gateway, text)
            except InvalidError as error:
                refusals.append(error.message)  # a table may be there only after its first rows
                return 0
            told = read_log(rows, minute.grain_s, _nobody)
            return sum(each[Cluster.BLUE].ended for each in told.minutes.values())

        found = await _watch_minute(world, look)
    with suppress(BasculeError):  # they go with the gateway and its group, too
        await world.client.delete(_setting(world))
        await world.client.delete(_workspace(world), query={"force": "true"})
    return judge_refusals(found, refusals)


def _nobody(*_: float) -> None:
    """No pool is of both clusters."""


def _workspace(world: World) -> str:
    return f"{world.ids().group}/providers/Microsoft.OperationalInsights/workspaces/{LOG_NAME}"


def _setting(world: World) -> str:
    return f"{world.ids().gateway}/{SETTINGS}/{LOG_NAME}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Minute:
    """In which requests were sent, and nothing after it."""

    start_s: float
    grain_s: float


async def _watch_minute(world: World, look: Callable[[_Minute], Awaitable[int]]) -> Fact:
    """Send requests in one minute, and look how many of them are told of until that is steady.

    Requests begin before it does, so that it is known how many were sent in it.
    """
    clock = world.arm.clock
    minutes, _ = await _fetch_minutes(world, clock.now() - BEFORE)
    start_s = next_minute(clock.now().timestamp(), minutes)
    minute = _Minute(start_s=start_s, grain_s=minutes.grain_s)
    async with sampling(await find_url(world), clock.monotonic_s) as log:
        await asyncio.sleep(start_s - clock.now().timestamp())
        await pause(world, SETTLE_S)
    behind_s = clock.now().timestamp() - clock.monotonic_s()
    sent = sum(behind_s + each.sent_s >= start_s for each in log.answers if each.what == OK)
    if not sent:
        return {"answer": "unknown", "why": "no request was answered well"}
    counts: list[tuple[float, int]] = []
    late_s = 0.0
    while late_s < LATE_MAX_S:
        count = await look(minute)
        late_s = clock.now().timestamp() - start_s - minute.grain_s
        if count and (not counts or counts[-1][1] != count):
            counts.append((late_s, count))
        if counts and late_s - counts[-1][0] >= STEADY * minute.grain_s:
            break
        await pause(world, LOOK_S)
    return judge_minute(counts, sent=sent, grain_s=minute.grain_s, limit_s=LATE_MAX_S)


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
