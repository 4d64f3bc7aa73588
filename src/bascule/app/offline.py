"""What can be known of a gateway without a runtime: its journal, and Envoy if it serves."""

from typing import TYPE_CHECKING

from bascule.app.state_dir import StateDir
from bascule.errors import InvariantError, UsageError
from bascule.journal.record import Json, Record
from bascule.storage.sqlite import open_journal

if TYPE_CHECKING:
    from bascule.app.glance import Glance
    from bascule.upgrade.state import GatewayState


UNASKED = (
    "no runtime: the gateway goes on by itself as it was last written; whether that is what the "
    "journal says is not known"
)
"""What is said of a gateway that only a runtime, signed in, could look at."""
_OF_APPGW = ("type", "id", "addresses", "switch_by", "puts", "operation")


def read_records(state_dir: StateDir) -> tuple[Record, ...]:
    """Return the whole journal; at least one record.

    Raises UsageError when there is no gateway, JournalError when its journal cannot be read.
    """
    records: tuple[Record, ...] = ()
    if state_dir.url:
        records = _read_far(state_dir)
    elif state_dir.journal.exists():
        with open_journal(state_dir.journal) as journal:
            records = journal.read_now()
    if not records:
        raise UsageError(
            f"no gateway has run in {state_dir.path} yet",
            remedy="start one with `bascule run -f gateway.yaml`",
        )
    return records


def read_state(state_dir: StateDir) -> "GatewayState":
    """Return what the journal says; raises as `read_records` does."""
    from bascule.upgrade.state import fold

    state = fold(read_records(state_dir))
    if state is None:
        raise InvariantError("a journal with records opens no gateway")
    return state


def _read_far(state_dir: StateDir) -> tuple[Record, ...]:
    """Read a journal that is not a file, with all that it takes to import."""
    import asyncio

    from bascule.storage.opening import open_store

    async def read() -> tuple[Record, ...]:
        async with open_store(state_dir.location) as store:
            return await store.read()

    return asyncio.run(read())


def build_offline_status(state_dir: StateDir) -> dict[str, Json]:
    """Return the status without a runtime; what only a runtime knows is null.

    Raises UsageError when there is no gateway, JournalError when its journal cannot be read.
    """
    from bascule.app import status
    from bascule.app.glance import look_at_envoy

    state = read_state(state_dir)
    seen = look_at_envoy(state_dir)
    kept = next(reversed([*state.kept]), None)
    is_envoy_away = seen.pid is None and not (state_dir.path / "envoy.json").exists()
    return {
        "gateway": state_dir.path.name,
        "runtime": None,
        **status.journal_document(state),
        **dict.fromkeys(status.CONTROLLER_KEYS),
        "live": _live(seen, UNASKED if kept else seen.reason),
        "envoy": None
        if kept and is_envoy_away
        else {"pid": seen.pid, "trouble": None, "deaths": []},
        "appgw": {**dict.fromkeys(_OF_APPGW), "id": kept} if kept else None,
        "foreign_change": None,
    }


def _live(seen: "Glance", reason: str) -> dict[str, Json]:
    traffic: dict[str, Json] = {c.value: dict(counts) for c, counts in seen.traffic.items()}
    return {
        "convergence": "unknown",
        "reason": reason,
        "instances": 1 if traffic else 0,
        "table_digest": None,
        "weights": None,
        "traffic": traffic or None,
    }
