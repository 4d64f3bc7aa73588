"""What is known of a gateway before an upgrade is planned for it: journal, load, who changes it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bascule.app.asking import ask
from bascule.app.gateways.rehearsals import load_rehearsals, measure_rehearsals
from bascule.app.glance import look_at_envoy
from bascule.app.planning import GatewayKnown
from bascule.app.state_dir import StateDir
from bascule.clock import Clock
from bascule.errors import TransportError
from bascule.gateway.driver import Convergence, Observation
from bascule.journal.record import Json
from bascule.storage.lock import read_holder
from bascule.storage.opening import SqliteAt, open_store
from bascule.upgrade.state import GatewayState, fold

RATE_S = 1.0
"""How long requests are counted to know how many there are."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look; None is not known."""

    requests_total: int | None = None
    observation: Observation | None = None


async def fetch_known(state_dir: StateDir, *, clock: Clock) -> GatewayKnown:
    """Return what can be known now, in a little over `RATE_S` where the gateway gets requests.

    Raises JournalError when its journal cannot be read.
    """
    state = await fetch_state(state_dir)
    rehearsed = measure_rehearsals(load_rehearsals(state_dir))
    if state is None:
        return GatewayKnown(rehearsed=rehearsed)
    first, first_s = await asyncio.to_thread(_look, state_dir), clock.monotonic_s()
    if first.requests_total is None:
        return GatewayKnown(state=state, observation=first.observation, rehearsed=rehearsed)
    await clock.sleep_until(first_s + RATE_S)
    second, second_s = await asyncio.to_thread(_look, state_dir), clock.monotonic_s()
    return GatewayKnown(
        state=state,
        observation=second.observation,
        requests_per_s=_rate(first, second, second_s - first_s),
        rehearsed=rehearsed,
    )


async def fetch_state(state_dir: StateDir) -> GatewayState | None:
    """Return what the journal says, or None where no gateway has run yet."""
    location = state_dir.location
    if isinstance(location, SqliteAt) and not location.path.exists():
        return None
    async with open_store(location) as store:
        return fold(await store.read())


def _look(state_dir: StateDir) -> _Seen:
    """Ask the runtime, or Envoy itself where there is none."""
    if read_holder(state_dir.lock) is None:
        return _Seen(_sum_requests(look_at_envoy(state_dir).traffic.values()))
    try:
        live = ask(state_dir.control_socket, {"op": "status"}).get("live")
    except TransportError:
        return _Seen()
    if not isinstance(live, dict):
        return _Seen()
    traffic = live.get("traffic")
    counted = traffic if isinstance(traffic, dict) else {}
    counts = [counts for counts in counted.values() if isinstance(counts, dict)]
    return _Seen(_sum_requests(counts), _read_observation(live))


def _sum_requests(counted: Iterable[Mapping[str, object]]) -> int | None:
    totals = [counts.get("requests_total") for counts in counted]
    known = [total for total in totals if isinstance(total, int)]
    return sum(known) if known else None


def _read_observation(live: Mapping[str, Json]) -> Observation | None:
    text = str(live.get("convergence"))
    if text not in tuple(Convergence):
        return None
    return Observation(convergence=Convergence(text), reason=str(live.get("reason") or ""))


def _rate(first: _Seen, second: _Seen, elapsed_s: float) -> float | None:
    """Return requests a second; None where counting began anew, as after a restart of Envoy."""
    if first.requests_total is None or second.requests_total is None or elapsed_s <= 0:
        return None
    more = second.requests_total - first.requests_total
    return round(more / elapsed_s, 3) if more >= 0 else None
