"""The load generator as a child process: orders in, live lines and a verdict out."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from bascule.errors import TransportError
from bascule.lab.load.live import LiveLine
from bascule.lab.load.orders import Command, Drained, Effects, Judge, Stop
from bascule.lab.load.plan import Plan
from bascule.lab.load.verdict import Verdict

SETTLE_LIMIT_S = 20.0
VERDICT_LIMIT_S = 60.0
LINE_MAX_BYTES = 1_000_000

OnLine: TypeAlias = Callable[[LiveLine], None]


class Generator:
    """One run; `watch` must be running in a task for live lines and for `settle`."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None
        self._settled = asyncio.Event()

    async def start(self, plan: Plan) -> None:
        """Start sending."""
        plan_file = self._directory / "plan.json"
        plan_file.write_bytes(msgspec.json.encode(plan))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bascule.lab.load", "--orders"),
            *("--plan", str(plan_file)),
            *("--out", str(self._verdict_file)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
            limit=LINE_MAX_BYTES,
        )

    async def watch(self, on_line: OnLine) -> None:
        """Hand each live line on until the generator has settled. Raises TransportError if not."""
        process = self._running()
        assert process.stdout is not None  # noqa: S101 — asked for above
        async for line in process.stdout:
            if b'"settled"' in line:
                self._settled.set()
                return
            on_line(msgspec.json.decode(line, type=LiveLine))
        raise TransportError("the load generator ended before it was told to")

    def tell(self, order: Command | Drained | Effects | Stop | Judge) -> None:
        """Send an order."""
        process = self._running()
        assert process.stdin is not None  # noqa: S101 — asked for above
        process.stdin.write(msgspec.json.encode(order) + b"\n")

    async def settle(self) -> None:
        """Let no more requests become due and return when none is in flight."""
        self.tell(Stop())
        async with asyncio.timeout(SETTLE_LIMIT_S):
            await self._settled.wait()

    async def judge(self, ledgers: Iterable[Effects]) -> Verdict:
        """Tell the last ledgers and return the verdict."""
        for ledger in ledgers:
            self.tell(ledger)
        self.tell(Judge())
        async with asyncio.timeout(VERDICT_LIMIT_S):
            await self._running().wait()
        return msgspec.json.decode(self._verdict_file.read_bytes(), type=Verdict)

    async def end(self) -> None:
        """End the process if it still runs."""
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    @property
    def _verdict_file(self) -> Path:
        return self._directory / "verdict.json"

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise TransportError("the load generator was not started")
        return self._process
