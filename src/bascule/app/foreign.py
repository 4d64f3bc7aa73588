"""Pauses an upgrade for what is found at its gateway meanwhile.

Somebody else changes it, or lost by a write, or Azure refused what changed in a cluster. Azure's
log tells of others late, so the gateway is looked at now and then though nobody asks.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from bascule.app.metering import MeteredDriver
from bascule.clock import Clock
from bascule.errors import DriverError, ForeignChangeError
from bascule.ids import CommandId
from bascule.journal.record import Json
from bascule.journal.store import Inbox
from bascule.upgrade.encoding import render_time
from bascule.upgrade.signals import Order, SteerUpgrade, UpgradeVerb, build_command
from bascule.upgrade.state import GatewayState

TAKE_EVERY_S = 1.0
LOOK_EVERY_S = 15.0
ACTOR = "runtime"
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway")


@dataclass(slots=True, kw_only=True)
class ForeignDesk:
    """Looks after what others do to the gateway."""

    driver: MeteredDriver
    state: Callable[[], GatewayState]
    inbox: Inbox
    ring: Callable[[], None]
    clock: Clock
    _found: ForeignChangeError | None = field(default=None, init=False)
    _found_at: Json = field(default=None, init=False)

    async def run(self) -> None:
        """Look, and halt what is under way, until cancelled."""
        due_s = self.clock.monotonic_s() + LOOK_EVERY_S
        while True:
            await self.clock.sleep_until(self.clock.monotonic_s() + TAKE_EVERY_S)
            if self.clock.monotonic_s() >= due_s:
                await self.driver.observe()
                due_s = self.clock.monotonic_s() + LOOK_EVERY_S
            error = self.driver.take_stop()
            if error is not None:
                await self._halt(error)

    def document(self) -> Json:
        """Return what was found last, for `status`; null: nothing since the runtime began."""
        if self._found is None:
            return None
        return {
            "at": self._found_at,
            "message": self._found.message,
            "remedy": self._found.remedy,
        }

    async def _halt(self, error: DriverError) -> None:
        what = "the gateway refused what changed while an upgrade moves traffic"
        if isinstance(error, ForeignChangeError):
            self._found, self._found_at = error, render_time(self.clock.now())
            what = "somebody else changes the gateway"
        _LOG.error(what, reason=error.message, remedy=error.remedy)
        run = self.state().unfinished
        if run is None:
            return
        order = Order(
            id=CommandId(secrets.token_hex(8)),
            at=self.clock.now(),
            actor=ACTOR,
            signal=SteerUpgrade(name=run.name, verb=UpgradeVerb.PAUSE, data={}),
            reason=f"{error.message}; {error.remedy}",
        )
        await self.inbox.put(build_command(order))
        self.ring()
