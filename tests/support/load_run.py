"""Runs the lab's load generator in its own process, as the demo does, and reads its verdict."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bascule.lab.load.orders import Command, Drained, Effects
from bascule.lab.load.plan import Plan
from bascule.lab.load.verdict import Verdict


async def run_load(plan: Plan, directory: Path) -> Verdict:
    """Run `plan` to its end and return the verdict."""
    process = await _start(plan, directory, "--plan", str(directory / "plan.json"))
    _, errors = await process.communicate()
    assert not errors, errors.decode()
    return load_verdict(directory)


class LoadProcess:
    """A generator that takes orders."""

    def __init__(self, process: asyncio.subprocess.Process, directory: Path) -> None:
        self._process = process
        self._directory = directory

    def tell(self, order: Command | Drained | Effects) -> None:
        """Send an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")

    async def finish(self, count_effects: Callable[[], Sequence[Effects]] = tuple) -> Verdict:
        """Stop, tell the ledgers as they are once all is settled, and return the verdict."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b'{"op":"stop"}\n')
        async for line in self._process.stdout:
            if b"settled" in line:
                break
        for effects in count_effects():
            self.tell(effects)
        self._process.stdin.write(b'{"op":"judge"}\n')
        _, errors = await self._process.communicate()
        assert not errors, errors.decode()
        return load_verdict(self._directory)


async def start_load(plan: Plan, directory: Path) -> LoadProcess:
    """Start `plan` and return once requests are answered."""
    process = await _start(plan, directory, "--plan", str(directory / "plan.json"), "--orders")
    assert process.stdout is not None
    await process.stdout.readline()
    return LoadProcess(process, directory)


async def _start(plan: Plan, directory: Path, *arguments: str) -> asyncio.subprocess.Process:
    (directory / "plan.json").write_bytes(msgspec.json.encode(plan))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bascule.lab.load",
        *arguments,
        "--out",
        str(directory / "verdict.json"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def load_verdict(directory: Path) -> Verdict:
    """Return the verdict that a run wrote."""
    return msgspec.json.decode((directory / "verdict.json").read_bytes(), type=Verdict)
