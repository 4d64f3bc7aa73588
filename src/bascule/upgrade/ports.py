"""What the executor needs from the world."""

from collections.abc import Mapping
from typing import Protocol

from bascule.gateway.driver import Applied, Capabilities, Observation
from bascule.ids import CommandId
from bascule.journal.record import Json
from bascule.routing.weights import Split
from bascule.upgrade.readiness import TrafficView


class Traffic(Protocol):
    """The gateway's traffic, as the controller moves it."""

    def capabilities(self) -> Capabilities:
        """Return what the gateway can do."""
        ...

    def view(self) -> TrafficView:
        """Return what is known of both clusters now."""
        ...

    async def set_split(self, split: Split) -> Applied:
        """Make `split` live and return when every instance has acknowledged it.

        Raises DriverError when the gateway refuses it: the former split then stays wanted. Raises
        OutcomeUnknownError when no acknowledgement came in time: the new one stays wanted.
        """
        ...

    async def observe(self) -> Observation:
        """Return what is live; `unknown`, never an exception, when it cannot be reached."""
        ...


class Witness(Protocol):
    """Watches the gateway from outside around a change; never delays it."""

    def begin(self, order_id: CommandId, wanted: Split) -> None:
        """Say that the split is about to change; returns at once."""
        ...

    def end(self, order_id: CommandId) -> None:
        """Say that the change has ended, however it did."""
        ...

    def take(self) -> Mapping[CommandId, Mapping[str, Json]]:
        """Return the summaries that are ready and were not taken before."""
        ...


class Wakeup(Protocol):
    """How the executor is woken when a command is put into the inbox."""

    async def wait(self, deadline_s: float) -> None:
        """Return when somebody rang since the last wait, or at `deadline_s` of the clock."""
        ...
