"""`python -m bascule.lab.load --plan FILE --out FILE`: one run in a process of its own.

Live samples go out on standard output, a JSON object a line. With --orders, orders come in on
standard input in the same form: the run then ends when told to, or when the input ends.
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import uvloop
from typing_extensions import override

from bascule.errors import BasculeError
from bascule.lab.load.engine import Engine
from bascule.lab.load.evidence import Evidence
from bascule.lab.load.live import LiveView
from bascule.lab.load.orders import LINE_MAX_BYTES, Judge, Stop, Story, parse_order
from bascule.lab.load.plan import LaneKind, load_plan
from bascule.lab.load.verdict import judge

LAST_ORDERS_S = 30.0
NICENESS = -10


def main(arguments: list[str] | None = None) -> int:
    """Run a plan and write the verdict; returns the exit code: 0 only if every rule holds."""
    parser = argparse.ArgumentParser(prog="python -m bascule.lab.load")
    parser.add_argument("--plan", type=Path, required=True, help="the plan, JSON")
    parser.add_argument("--out", type=Path, required=True, help="where the verdict goes, JSON")
    parser.add_argument("--orders", action="store_true", help="read orders from standard input")
    options = parser.parse_args(arguments)
    try:
        engine = Engine(load_plan(options.plan))
        gc.disable()  # a bounded run: a collection would be a stall of our own
        _go_first()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            story = runner.run(_run(engine, reads_orders=options.orders))
    except BasculeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    verdict = judge(
        Evidence(
            plan=engine.plan,
            samples=engine.samples,
            streams=tuple(engine.streams.records),
            stalls=tuple(engine.stalls),
            story=story,
            started_s=engine.started_s,
            stopped_s=engine.stopped_s,
        )
    )
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(verdict)))
    return 0 if verdict.holds else 1


def _go_first() -> None:
    """Ask for the processor before others where that is allowed: a late judge judges itself."""
    with suppress(PermissionError):
        os.nice(NICENESS)


async def _run(engine: Engine, *, reads_orders: bool) -> Story:
    orders = _Orders(engine)
    loop = asyncio.get_running_loop()
    if reads_orders:
        await loop.connect_read_pipe(lambda: orders, sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        show = tasks.create_task(_show(engine))
        await engine.run()
        show.cancel()
    if reads_orders:
        _write({"settled": True})
        try:
            async with asyncio.timeout(LAST_ORDERS_S):
                await orders.complete.wait()
        except TimeoutError:
            sys.stderr.write("error: no order to judge came; judging by what was told\n")
    return orders.story


async def _show(engine: Engine) -> None:
    slow = [i for i, lane in enumerate(engine.plan.lanes) if lane.kind is LaneKind.SLOW]
    view = LiveView(engine.samples, slow_lanes=frozenset(slow))
    while True:
        await asyncio.sleep(engine.plan.live_interval_s)
        line = view.look(
            time.monotonic(), streams_open=engine.streams.open_now, stalls=len(engine.stalls)
        )
        _write(line)


def _write(line: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


class _Orders(asyncio.Protocol):
    """Reads orders; the end of the input stops the run."""

    def __init__(self, engine: Engine) -> None:
        self.story = Story()
        self.complete = asyncio.Event()
        self._engine = engine
        self._received = bytearray()

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        *lines, rest = bytes(self._received).split(b"\n")
        self._received = bytearray(rest[:LINE_MAX_BYTES])
        for line in lines:
            if line.strip():
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            order = parse_order(line)
        except BasculeError as error:
            sys.stderr.write(f"error: {error}\n")
            return
        match order:
            case Stop():
                self._engine.stop()
            case Judge():
                self.complete.set()
            case _:
                self.story.take(order)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._engine.stop()
        self.complete.set()


if __name__ == "__main__":
    sys.exit(main())
