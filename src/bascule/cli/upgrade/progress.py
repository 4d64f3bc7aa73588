"""How an upgrade is shown while it runs: a line for each event, or a picture that moves."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bascule.app.upgrades import upgrade_document
from bascule.cli.documents import read_map
from bascule.cli.rendering import Output
from bascule.cli.upgrade.history_text import render_record
from bascule.cli.upgrade.status_text import approve_command, render_upgrade
from bascule.journal.record import Record
from bascule.redact import redact
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import GatewayState

EVENTS_SHOWN_MAX = 8
LONG_MIN = 20
"""A reason so long is written once, and referred to after it."""
_REASONED = frozenset({"upgrade_step_finished", "upgrade_rollback_began", "upgrade_ended"})
_QUIET = frozenset({"order_witnessed", "gateway_opened"})


class Progress(Protocol):
    """Shows how an upgrade goes."""

    def show(self, records: Sequence[Record], run: UpgradeState, state: GatewayState) -> None:
        """Show what is new; called now and then without any record too."""
        ...

    def note(self, line: str) -> None:
        """Show a remark."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


@dataclass(slots=True)
class PlainProgress:
    """A line for each event; and what a person has to say, once."""

    write: Callable[[str], None]
    where: str
    _asked: str = field(default="", init=False)
    _told: str = field(default="", init=False)
    """The long reason for which the upgrade goes back, once it is written."""

    def show(self, records: Sequence[Record], run: UpgradeState, state: GatewayState) -> None:
        """Write the events, and the command for an approval that is needed now."""
        for record in records:
            if record.entry.kind not in _QUIET:
                self.note(self._say_once(record))
        approval = read_map(upgrade_document(run, state)["approval"])
        command = approve_command(run.name, approval, self.where) if approval else ""
        if command and command != self._asked:
            self.note(f"a person has to say yes: {command}")
        self._asked = command

    def _say_once(self, record: Record) -> str:
        line = render_record(record)
        if record.entry.kind not in _REASONED:
            return line
        data = record.entry.data
        reason = str(data.get("reason") or data.get("cause") or "")
        told = next((r for r in (self._told, reason) if r and r in self._told and r in reason), "")
        if told:
            return line.replace(told, "as said above")
        self._told = reason if len(reason) >= LONG_MIN else ""
        return line

    def note(self, line: str) -> None:
        """Write a line."""
        self.write(redact(line))

    def close(self) -> None:
        """Do nothing."""


class LiveProgress:
    """The upgrade's status on a terminal, drawn anew, and the last events under it."""

    def __init__(self, where: str) -> None:
        from rich.live import Live

        self._where = where
        self._events: list[str] = []
        self._live = Live(auto_refresh=False, redirect_stderr=False)
        self._live.start()

    def show(self, records: Sequence[Record], run: UpgradeState, state: GatewayState) -> None:
        """Draw the status and the last events."""
        from rich.text import Text

        told = [render_record(r) for r in records if r.entry.kind not in _QUIET]
        self._events = [*self._events, *told][-EVENTS_SHOWN_MAX:]
        document = upgrade_document(run, state)
        del document["live_weights"]  # nobody was asked
        lines = [*render_upgrade(document, self._where), "", *self._events]
        self._live.update(Text(redact("\n".join(lines))), refresh=True)

    def note(self, line: str) -> None:
        """Show it among the events."""
        self._events = [*self._events, redact(line)][-EVENTS_SHOWN_MAX:]

    def close(self) -> None:
        """Leave the last picture standing."""
        self._live.stop()


def build_progress(output: Output, where: str) -> Progress:
    """Return a picture on a terminal, else lines; on standard error where the result is JSON."""
    if output is Output.TEXT and sys.stdout.isatty():
        return LiveProgress(where)
    stream = sys.stderr if output is Output.JSON else sys.stdout
    return PlainProgress(lambda line: print(line, file=stream, flush=True), where)
