"""What can be known of a gateway without a runtime: its journal, and Envoy if it serves."""

from bascule.app import status
from bascule.app.glance import Glance, look_at_envoy
from bascule.app.state_dir import StateDir
from bascule.errors import UsageError
from bascule.journal.record import Json
from bascule.storage.sqlite import open_journal
from bascule.upgrade.state import GatewayState, fold


def read_state(state_dir: StateDir) -> GatewayState:
    """Return what the journal says.

    Raises UsageError when there is no gateway, JournalError when its journal cannot be read.
    """
    state = None
    if state_dir.journal.exists():
        with open_journal(state_dir.journal) as journal:
            state = fold(journal.read_now())
    if state is None:
        raise UsageError(
            f"no gateway has run in {state_dir.path} yet",
            remedy="start one with `bascule run -f gateway.yaml`",
        )
    return state


def build_offline_status(state_dir: StateDir) -> dict[str, Json]:
    """Return the status without a runtime; what only a runtime knows is null.

    Raises UsageError when there is no gateway, JournalError when its journal cannot be read.
    """
    state = read_state(state_dir)
    seen = look_at_envoy(state_dir)
    return {
        "gateway": state_dir.path.name,
        "runtime": None,
        **status.journal_document(state),
        **dict.fromkeys(status.CONTROLLER_KEYS),
        "live": _live(seen),
        "envoy": {"pid": seen.pid, "trouble": None, "deaths": []},
    }


def _live(seen: Glance) -> dict[str, Json]:
    traffic: dict[str, Json] = {c.value: dict(counts) for c, counts in seen.traffic.items()}
    return {
        "convergence": "unknown",
        "reason": seen.reason,
        "instances": 1 if traffic else 0,
        "weights": None,
        "traffic": traffic or None,
    }
