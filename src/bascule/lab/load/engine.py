"""Runs a plan: one timer takes what is due, lanes send it, and nothing waits for an answer."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from bascule.lab.load.grpc_stream import GrpcOpener
from bascule.lab.load.http1 import Http1Lane
from bascule.lab.load.http2 import Http2Lane
from bascule.lab.load.plan import Lane, LaneKind, Plan, StreamKind, StreamLane, Target
from bascule.lab.load.samples import Samples
from bascule.lab.load.schedule import Schedule
from bascule.lab.load.stats import Span
from bascule.lab.load.streams import Opener, StreamLog, keep_stream
from bascule.lab.load.websocket import WebSocketOpener

TICK_S = 0.001
STALL_S = 0.010
"""The generator stood still when its timer came this much too late."""
STALLS_MAX = 100_000
EXPIRY_CHECK_S = 0.1
USER_FIRST = 0

_now = time.monotonic


class RequestLane(Protocol):
    """What the engine asks of a lane."""

    def launch(self, row: int) -> None:
        """Send the request of a row."""

    def expire(self, row: int) -> None:
        """Give a row up."""

    def close(self) -> None:
        """Close all connections."""


class Engine:
    """One run of a plan; afterwards `samples`, `streams` and `stalls` hold what happened."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.samples = Samples(plan.cluster_by_name)
        self.streams = StreamLog(cluster_by_name=plan.cluster_by_name)
        self.stalls: list[Span] = []
        self.started_s = 0.0
        self.stopped_s = 0.0
        self._stop = asyncio.Event()
        self._lanes: list[RequestLane] = []
        self._pending: list[deque[tuple[int, float]]] = [deque() for _ in plan.lanes]
        self._patience_s = [plan.timeout_s + lane.slow_ms / 1000 for lane in plan.lanes]
        self._next_user = [USER_FIRST] * len(plan.lanes)
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}

    def stop(self) -> None:
        """Let no further request become due."""
        self._stop.set()

    async def run(self) -> None:
        """Run until `stop` or the plan's longest duration, then wait for what is in flight."""
        async with asyncio.TaskGroup() as tasks:
            self._lanes = [self._build_lane(lane, tasks.create_task) for lane in self.plan.lanes]
            for stream in self.plan.streams:
                for number in range(stream.count):
                    tasks.create_task(
                        keep_stream(
                            stream,
                            number,
                            opener=self._build_opener(stream),
                            log=self.streams,
                            stop=self._stop,
                        )
                    )
            await self._drive()
            await self._settle()
            for lane in self._lanes:
                lane.close()

    async def _drive(self) -> None:
        loop = asyncio.get_running_loop()
        self.started_s = _now()
        end_s = self.started_s + self.plan.duration_max_s
        rates = [lane.rate for lane in self.plan.lanes]
        ramp_s = self.plan.ramp_s
        schedule = Schedule(rates, start_s=self.started_s, end_s=end_s, ramp_s=ramp_s)
        timer = _Timer(self, schedule)
        handle = loop.call_soon(timer.tick)
        try:
            async with asyncio.timeout(self.plan.duration_max_s):
                await self._stop.wait()
        except TimeoutError:
            self._stop.set()
        finally:
            handle.cancel()
            timer.cancel()
        self.stopped_s = _now()

    async def _settle(self) -> None:
        """Wait until every row has ended: an answer, or its patience is over."""
        while True:
            self.expire(_now())
            if not any(self._pending):
                return
            await asyncio.sleep(EXPIRY_CHECK_S)

    def launch(self, due_s: float, lane: int) -> None:
        """Send one request of a lane that was due at `due_s`."""
        user = -1
        users = self.plan.lanes[lane].users
        if users:
            user = self._next_user[lane]
            self._next_user[lane] = (user + 1) % users
        row = self.samples.begin(due_s, lane, user)
        self._pending[lane].append((row, due_s + self._patience_s[lane]))
        self._lanes[lane].launch(row)

    def expire(self, now_s: float) -> None:
        """End the rows whose patience is over."""
        is_pending = self.samples.is_pending
        for lane, queue in enumerate(self._pending):
            while queue:
                row, deadline_s = queue[0]
                if is_pending(row):
                    if deadline_s > now_s:
                        break
                    self._lanes[lane].expire(row)
                queue.popleft()

    def _build_lane(
        self, lane: Lane, spawn: Callable[["asyncio._CoroutineLike[None]"], object]
    ) -> RequestLane:
        if lane.kind is LaneKind.HTTP2:
            return Http2Lane(
                lane,
                self.samples,
                context=self._context(lane.target, is_http2=True),
                spawn=spawn,
                timeout_s=self.plan.timeout_s,
            )
        return Http1Lane(
            lane,
            self.samples,
            context=self._context(lane.target, is_http2=False),
            spawn=spawn,
            connections_max=self.plan.connections_max,
            timeout_s=self.plan.timeout_s,
        )

    def _build_opener(self, lane: StreamLane) -> Opener:
        is_http2 = lane.kind is StreamKind.GRPC
        context = self._context(lane.target, is_http2=is_http2)
        if is_http2:
            return GrpcOpener(lane, context, self.plan.timeout_s)
        return WebSocketOpener(lane, context, self.plan.timeout_s)

    def _context(self, target: Target, *, is_http2: bool) -> ssl.SSLContext | None:
        if not target.tls:
            return None
        key = (target.ca_file or "", is_http2)
        if key not in self._contexts:
            context = ssl.create_default_context(cafile=target.ca_file)
            context.set_alpn_protocols(["h2"] if is_http2 else ["http/1.1"])
            self._contexts[key] = context
        return self._contexts[key]


class _Timer:
    """The tick: launches what is due and notes when it came too late."""

    def __init__(self, engine: Engine, schedule: Schedule) -> None:
        self._engine = engine
        self._schedule = schedule
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._last_s = _now()
        self._next_expiry_s = self._last_s

    def tick(self) -> None:
        now_s = _now()
        if now_s - self._last_s > TICK_S + STALL_S and len(self._engine.stalls) < STALLS_MAX:
            self._engine.stalls.append(Span(self._last_s, now_s))
        for due_s, lane in self._schedule.take(now_s):
            self._engine.launch(due_s, lane)
        if now_s >= self._next_expiry_s:
            self._engine.expire(now_s)
            self._next_expiry_s = now_s + EXPIRY_CHECK_S
        self._last_s = now_s
        if self._schedule.next_due_s is not None:
            self._handle = self._loop.call_later(TICK_S, self.tick)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
