"""WebSocket and gRPC streams: opened, talked over, ended in time, and counted when cut."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bascule.lab.load.plan import StreamLane

REOPEN_DELAY_S = 0.05
SILENCE_MAX_S = 5.0
"""A stream whose echo does not come in this time counts as cut."""
RECORDS_MAX = 50_000

_now = time.monotonic


class StreamEnd(StrEnum):
    """How a stream's life ended."""

    OPEN = "open"
    ENDED = "ended"
    RESET = "reset"
    REFUSED = "refused"
    """It could not be opened: a failed request."""


class StreamCutError(Exception):
    """The far end, or the gateway, cut a stream that was not over."""


class StreamRefusedError(Exception):
    """A stream could not be opened."""


@dataclass(slots=True)
class StreamRecord:
    """One life of one stream (monotonic seconds)."""

    lane: str
    number: int
    began_s: float
    cluster: str = ""
    ended_s: float | None = None
    end: StreamEnd = StreamEnd.OPEN
    is_moved: bool = False
    """It was opened on another cluster than the one before it."""
    echoes: int = 0
    reason: str = ""


@dataclass(slots=True)
class StreamLog:
    """All the lives of all streams, in the order of their beginnings."""

    records: list[StreamRecord] = field(default_factory=list)
    cluster_by_name: Mapping[str, str] = field(default_factory=dict)
    """Which cluster is meant where a stream's far end calls itself otherwise."""

    @property
    def open_now(self) -> int:
        """How many are open."""
        return sum(1 for r in self.records[-2000:] if r.end is StreamEnd.OPEN and r.cluster)


class EchoStream(Protocol):
    """An open stream that sends back what it is sent."""

    cluster: str

    async def echo(self, text: str) -> None:
        """Send `text` and return when it came back. Raises StreamCutError."""

    async def end(self) -> None:
        """End the stream in order and wait for the far end's agreement. Raises StreamCutError."""

    def drop(self) -> None:
        """Let go of the connection without a word."""


class Opener(Protocol):
    """Opens one stream of a lane. Raises StreamRefusedError."""

    async def __call__(self) -> EchoStream:
        """Return an open stream."""


async def keep_stream(
    lane: StreamLane, number: int, *, opener: Opener, log: StreamLog, stop: asyncio.Event
) -> None:
    """Hold one stream open, life after life, until `stop`; every life is recorded in `log`.

    First lives are shorter, so that the streams of a lane do not all end together.
    """
    life_s = lane.life_s * (number + 1) / lane.count
    before = ""
    while not stop.is_set() and len(log.records) < RECORDS_MAX:
        record = StreamRecord(lane=lane.name, number=number, began_s=_now())
        log.records.append(record)
        stream: EchoStream | None = None
        try:
            stream = await opener()
            record.cluster = log.cluster_by_name.get(stream.cluster, stream.cluster)
            record.is_moved = bool(before) and before != record.cluster
            before = record.cluster
            await _talk(lane, stream, record=record, until_s=_now() + life_s, stop=stop)
            record.end = StreamEnd.ENDED
        except StreamRefusedError as error:
            record.end, record.reason = StreamEnd.REFUSED, str(error)
        except StreamCutError as error:
            record.end, record.reason = StreamEnd.RESET, str(error)
        finally:
            record.ended_s = _now()
            if stream is not None:
                stream.drop()
        life_s = lane.life_s
        if record.end is not StreamEnd.ENDED:
            await _wait(stop, REOPEN_DELAY_S)


async def _talk(
    lane: StreamLane,
    stream: EchoStream,
    *,
    record: StreamRecord,
    until_s: float,
    stop: asyncio.Event,
) -> None:
    try:
        while _now() < until_s and not stop.is_set():
            async with asyncio.timeout(SILENCE_MAX_S):
                await stream.echo(f"{lane.name}-{record.number}-{record.echoes}")
            record.echoes += 1
            await _wait(stop, min(lane.message_interval_s, max(0.0, until_s - _now())))
        async with asyncio.timeout(SILENCE_MAX_S):
            await stream.end()
    except TimeoutError as error:
        raise StreamCutError(f"silent for {SILENCE_MAX_S:g} s") from error


async def _wait(stop: asyncio.Event, delay_s: float) -> None:
    try:
        async with asyncio.timeout(delay_s):
            await stop.wait()
    except TimeoutError:
        return
