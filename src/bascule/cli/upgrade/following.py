"""Follows an upgrade in the journal until it is over."""

from collections.abc import Callable

from bascule.cli.upgrade.progress import Progress
from bascule.clock import Clock
from bascule.errors import InvariantError
from bascule.journal.record import Record
from bascule.storage.opening import Store
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import GatewayState, fold

POLL_S = 0.1
REDRAW_S = 1.0
EARLIER_MAX = 5
"""How many events before the first look are shown."""


async def follow(
    store: Store,
    run_id: str,
    progress: Progress,
    clock: Clock,
    *,
    on_look: Callable[[], str] | None = None,
) -> UpgradeState:
    """Show the run until it is over, and return it. `on_look` may have a remark, each second.

    Raises JournalError when the journal cannot be read.
    """
    records: tuple[Record, ...] = ()
    is_first = True
    drawn_s = 0.0
    remark = ""
    while True:
        new = await store.read(after_seq=records[-1].seq if records else 0)
        is_due = clock.monotonic_s() >= drawn_s + REDRAW_S
        if new or is_due:
            records = (*records, *new)
            drawn_s = clock.monotonic_s()
            state, run = _find(records, run_id)
            progress.show(new[-EARLIER_MAX:] if is_first else new, run, state)
            is_first = False
            if run.is_over:
                return run
        if is_due and on_look is not None:
            former, remark = remark, on_look()
            if remark and remark != former:
                progress.note(remark)
        await clock.sleep_until(clock.monotonic_s() + POLL_S)


def _find(records: tuple[Record, ...], run_id: str) -> tuple[GatewayState, UpgradeState]:
    state = fold(records)
    run = next((u for u in state.upgrades if u.run_id == run_id), None) if state else None
    if state is None or run is None:
        raise InvariantError(f"run {run_id} is not in the journal any more")
    return state, run
