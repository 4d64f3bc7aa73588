"""One upgrade of the shop: `bascule upgrade start` as a process, its file, and what it says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bascule.errors import BasculeError
from bascule.lab.story.examples import find_example
from bascule.lab.story.verbs import Called, VerbFailedError, command_line

NAME = "demo"
"""The upgrade's name, as the file says."""
FILE = "upgrade.yaml"
EXAMPLE = "demo.yaml"
"""What the file is made from."""
LIMIT_S = 120.0
END_LIMIT_S = 10.0
LINE_MAX_BYTES = 1_000_000

_HOLD = re.compile(r"([0-9.]+)s")


class UpgradeFailedError(BasculeError):
    """The upgrade came to another end than the story wants."""


def require_end(over: Mapping[str, Any], stage: str) -> None:
    """Raise UpgradeFailedError unless an upgrade ended so."""
    if over.get("stage") != stage:
        why = (over.get("ended") or {}).get("reason", "")
        raise UpgradeFailedError(f"the upgrade ended as {over.get('stage')}: {why}")


async def await_moment(moment: asyncio.Event, running: asyncio.Task[Mapping[str, Any]]) -> None:
    """Return when a moment of an upgrade has come that `running` follows to its end.

    Raises UpgradeFailedError when the upgrade ends before.
    """
    running.add_done_callback(lambda _over: moment.set())
    await moment.wait()
    if running.done():
        over = running.result()
        why = (over.get("ended") or {}).get("reason", "")
        raise UpgradeFailedError(f"the upgrade ended too early, as {over.get('stage')}: {why}")


def write_file(path: Path, *, scale: float) -> None:
    """Write the upgrade's file with every hold made longer by `scale`."""
    content = yaml.safe_load(find_example(EXAMPLE).read_text())
    holders = [content["verify"], content["bake"], *content["steps"]]
    for holder in holders:
        holder["hold"] = f"{float(_HOLD.fullmatch(holder['hold'])[1]) * scale:.3f}s"  # type: ignore[index]  # our own file
    path.write_text(yaml.safe_dump(content, sort_keys=False))


class Upgrade:
    """A run of the upgrade. It is carried on by `bascule run`, whatever becomes of this process."""

    def __init__(
        self, directory: Path, environment: Mapping[str, str], *, limit_s: float = LIMIT_S
    ) -> None:
        self._directory = directory
        self._environment = dict(environment)
        self._limit_s = limit_s
        self._process: asyncio.subprocess.Process | None = None
        self._said: list[str] = []

    async def start(self) -> None:
        """Start it; what it says is read by `follow`."""
        self._process = await asyncio.create_subprocess_exec(
            *command_line("upgrade", "start", "-f", str(self._directory / FILE)),
            *("--yes", "--reason", "the demonstration", "--output", "json"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
            limit=LINE_MAX_BYTES,
        )

    async def follow(self, on_line: Callable[[str], None]) -> Mapping[str, Any]:
        """Hand on each line of its progress; return its document once it is over.

        Raises VerbFailedError when it says nothing in the end, or has none in time.
        """
        process = self._process
        if process is None or process.stdout is None or process.stderr is None:
            raise VerbFailedError("the upgrade was not started")
        try:
            async with asyncio.timeout(self._limit_s):
                async for line in _lines(process.stderr):
                    self._said.append(line)
                    on_line(line)
                out = await process.stdout.read()
                await process.wait()
        except TimeoutError as error:
            raise VerbFailedError("the upgrade came to no end") from error
        finally:
            self.end()
        return self._read_document(out)

    def _read_document(self, out: bytes) -> Mapping[str, Any]:
        last = out.strip().splitlines()[-1:]
        document = json.loads(last[0]) if last else {}
        upgrade = document.get("upgrade")
        if not isinstance(upgrade, dict):
            raise VerbFailedError(f"the upgrade was not begun: {' '.join(self._said[-2:])}")
        return upgrade

    def end(self) -> None:
        """Tell the process to end, if it still runs; an upgrade that is run elsewhere goes on."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def close(self) -> None:
        """End the process and return when it has ended, with what it had begun itself."""
        self.end()
        if self._process is None:
            return
        try:
            async with asyncio.timeout(END_LIMIT_S):
                await self._process.communicate()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    async for line in stream:
        yield line.decode(errors="replace").rstrip()


def find_changes(status: Called, run_id: str) -> dict[str, Called]:
    """Return the changes of the split that a run made, by the step that asked for each."""
    found: dict[str, Called] = {}
    for order in reversed(status.document.get("orders") or ()):
        run, _, rest = str(order.get("order_id")).partition(":")
        if run == run_id and rest:
            found[rest.rpartition(":")[0]] = as_called(order)
    return found


def as_called(order: Mapping[str, Any]) -> Called:
    """Return an order of the gateway's status as if a verb had made it, in just that time."""
    called = Called(document=order, begun_s=0.0, ended_s=0.0)
    told = called.as_order("")
    return Called(
        document=order,
        begun_s=told.intent_s or 0.0,
        ended_s=told.acknowledged_s or 0.0,
    )
