"""Requests to the gateway while it is changed, and what became of each."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp

OK = "200"
REQUEST_MAX_S = 600.0
SAMPLE_S = 0.05
SAMPLE_MAX_S = 10.0
KEPT = 5
"""So many connections are kept open and used again and again."""
KEPT_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request got: `what` is a place to go to, a status, or what went wrong."""

    sent_s: float
    took_s: float
    what: str


@dataclass(slots=True, kw_only=True)
class Kept:
    """Connections that are used again and again: how often they had to be made anew."""

    made: int = 0
    requests: int = 0
    failed: int = 0


@dataclass(slots=True, kw_only=True)
class Log:
    """What is gathered while a block runs."""

    answers: list[Answer] = field(default_factory=list)
    slow: list[tuple[float, Answer]] = field(default_factory=list)
    """How long each should have taken, and its answer."""
    kept: Kept = field(default_factory=Kept)


Now = Callable[[], float]


@asynccontextmanager
async def sampling(url: str, now: Now) -> AsyncIterator[Log]:
    """Send a request over a new connection each 50 ms while the block runs."""
    log = Log()
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:

        async def sample() -> None:
            log.answers.append(await _ask(session, url, now, SAMPLE_MAX_S))

        async def send() -> None:
            while True:  # ends with the block
                group.create_task(sample())
                await asyncio.sleep(SAMPLE_S)

        sender = group.create_task(send())
        yield log
        sender.cancel()


@asynccontextmanager
async def loading(
    url: str, slow_url: Callable[[float], str], lengths_s: tuple[float, ...], now: Now
) -> AsyncIterator[Log]:
    """Begin slow requests of each length, and use connections again, while the block runs.

    On return every request that was begun has ended.
    """
    log, is_over = Log(), asyncio.Event()
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:

        async def ask_slowly(length_s: float) -> None:
            answer = await _ask(session, slow_url(length_s), now, REQUEST_MAX_S)
            log.slow.append((length_s, answer))

        async def send() -> None:
            while not is_over.is_set():
                for length_s in lengths_s:
                    group.create_task(ask_slowly(length_s))
                await asyncio.sleep(min(lengths_s) / 5)

        group.create_task(send())
        for _ in range(KEPT):
            group.create_task(_keep(url, log.kept, is_over, now))
        try:
            yield log
        finally:
            is_over.set()


async def _keep(url: str, kept: Kept, is_over: asyncio.Event, now: Now) -> None:
    """Use one connection for one request after the other."""

    async def count(*_: object) -> None:
        kept.made += 1

    trace = aiohttp.TraceConfig(trace_config_ctx_factory=SimpleNamespace)
    trace.on_connection_create_end.append(count)
    connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=REQUEST_MAX_S)
    async with aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session:
        while not is_over.is_set():
            answer = await _ask(session, url, now, SAMPLE_MAX_S)
            kept.requests += 1
            kept.failed += answer.what != OK
            await asyncio.sleep(KEPT_EVERY_S)


async def _ask(session: aiohttp.ClientSession, url: str, now: Now, limit_s: float) -> Answer:
    sent_s = now()
    try:
        async with (
            asyncio.timeout(limit_s),
            session.get(url, allow_redirects=False) as response,
        ):
            await response.read()
            what = response.headers.get("location") or str(response.status)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        what = type(error).__name__
    return Answer(sent_s=sent_s, took_s=now() - sent_s, what=what)
