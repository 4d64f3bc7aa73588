"""What can be known of a gateway without a runtime: its journal, and Envoy if it serves."""

from bascule.app import status
from bascule.app.clock import SystemClock
from bascule.app.state_dir import StateDir
from bascule.app.stopping import find_envoy_process
from bascule.errors import TransportError, UsageError
from bascule.gateway.driver import Convergence, Observation
from bascule.gateway.envoy.process import EnvoyProcess
from bascule.journal.record import Json
from bascule.storage.sqlite import open_journal
from bascule.upgrade.state import fold


async def fetch_offline_status(state_dir: StateDir) -> dict[str, Json]:
    """Return the status without a runtime; what only a runtime knows is null.

    Raises UsageError when there is no gateway, JournalError when its journal cannot be read.
    """
    state = None
    if state_dir.journal.exists():
        with open_journal(state_dir.journal) as journal:
            state = fold(await journal.read())
    if state is None:
        raise UsageError(
            f"no gateway has run in {state_dir.path} yet",
            remedy="start one with `bascule run -f gateway.yaml`",
        )
    process = find_envoy_process(state_dir, SystemClock())
    process.pid = process.find_running()
    return {
        "gateway": state_dir.path.name,
        "runtime": None,
        **status.journal_document(state),
        **dict.fromkeys(status.CONTROLLER_KEYS),
        "live": status.gateway_document(await _observe(process)),
        "envoy": status.envoy_document(process.pid, ()),
    }


async def _observe(process: EnvoyProcess) -> Observation:
    """Ask Envoy itself; the weights that it holds are not told by its statistics."""
    if process.pid is None:
        return Observation(
            convergence=Convergence.UNKNOWN, reason="no Envoy of this gateway runs here"
        )
    try:
        is_ready = await process.admin.is_ready()
        traffic = await process.admin.fetch_traffic()
    except TransportError as error:
        return Observation(convergence=Convergence.UNKNOWN, reason=error.message)
    serves = "serves its last configuration" if is_ready else "does not serve yet"
    return Observation(
        convergence=Convergence.UNKNOWN,
        reason=f"no runtime: Envoy {serves}; whether it is what the journal says is not known",
        instances=1,
        traffic=traffic,
    )
