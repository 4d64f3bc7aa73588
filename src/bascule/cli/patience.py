"""How long a verb waits for what it asked of a gateway, and what it says meanwhile.

A gateway that is told directly answers in milliseconds; one that its cloud updates takes minutes.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import typer

from bascule.app.control import fetch_answer
from bascule.app.state_dir import StateDir
from bascule.cli.rendering import Output
from bascule.clock import Clock
from bascule.errors import TransportError
from bascule.journal.record import Json
from bascule.upgrade.pace import AT_ONCE

SAY_EVERY_S = 5.0
"""How often it is said what one waits for."""


async def _know_nothing() -> str:
    return ""


@dataclass(slots=True, kw_only=True)
class Patience:
    """Until when to wait; `pause` between two looks."""

    clock: Clock
    limit_s: float
    ask: Callable[[], Awaitable[str]] = _know_nothing
    """Returns what the gateway is at, or nothing."""
    tell: Callable[[str], None] | None = None
    _begun_s: float = field(init=False)
    _said_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin to wait."""
        self._begun_s = self._said_s = self.clock.monotonic_s()

    def is_left(self) -> bool:
        """Whether to go on waiting."""
        return self.clock.monotonic_s() < self._begun_s + self.limit_s

    async def pause(self, pause_s: float) -> None:
        """Wait a little; say what for, now and then."""
        if self.tell is not None and self.clock.monotonic_s() >= self._said_s + SAY_EVERY_S:
            self._said_s = self.clock.monotonic_s()
            if line := await self.ask():
                self.tell(line)
        await self.clock.sleep_until(self.clock.monotonic_s() + pause_s)


async def take_patience(
    state_dir: StateDir, clock: Clock, *, said_s: float | None, output: Output = Output.JSON
) -> Patience:
    """Wake the runtime, and wait as long as its gateway may take, or as was said.

    What one waits for is told on standard error, where the result is not JSON.
    """
    answer = await ring(state_dir)
    usual = answer.get("outcome_s")
    known_s = float(usual) if isinstance(usual, int | float) else AT_ONCE.outcome_s

    async def ask() -> str:
        found = (await ring(state_dir, "progress")).get("progress")
        return found if isinstance(found, str) else ""

    return Patience(
        clock=clock,
        limit_s=known_s if said_s is None else said_s,
        ask=ask,
        tell=_tell if output is Output.TEXT else None,
    )


async def ring(state_dir: StateDir, op: str = "wake") -> Mapping[str, Json]:
    """Tell the runtime; where it does not answer it looks into the inbox by itself, only later."""
    with suppress(TransportError):
        return await fetch_answer(state_dir.control_socket, {"op": op})
    return {}


def _tell(line: str) -> None:
    typer.echo(line, err=True)
