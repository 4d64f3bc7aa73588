"""Who the clusters of a file are, and that they stay who they were: before anything is begun."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bascule.app.wiring import load_connections
from bascule.clock import Clock
from bascule.errors import SpecError
from bascule.ids import Cluster
from bascule.journal.record import Record
from bascule.journal.store import JournalStore
from bascule.kube.connection import Connection
from bascule.spec.gateway import Gateway
from bascule.upgrade.ledger import Ledger
from bascule.upgrade.names import Identities, Identity, normalise_server
from bascule.upgrade.naming import decide_names
from bascule.upgrade.state import GatewayState, Stamp, evolve, fold

CA_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesOfFile:
    """The clusters that a file names, and why they are those of before, if somebody says so."""

    clusters: Identities
    same_because: str = ""

    def check(self, records: Sequence[Record]) -> None:
        """Raise PlanError where a cluster with traffic would become another one."""
        state = fold(records)
        if state is not None:
            self.apply(state)

    def apply(self, state: GatewayState) -> GatewayState:
        """Return the state in the names of the file; nothing is written. Raises as `check` does."""
        event = decide_names(state, self.clusters, same_because=self.same_because)
        if event is None or state.last_at is None:
            return state
        return evolve(state, event, Stamp(seq=state.seq + 1, at=state.last_at, actor=""))

    async def settle(
        self, journal: JournalStore, state: GatewayState, clock: Clock
    ) -> GatewayState:
        """Record what the file says anew of the clusters, in one append; return the state then.

        Raises as `check` does, JournalError, StaleWriterError.
        """
        event = decide_names(state, self.clusters, same_because=self.same_because)
        if event is None:
            return state
        ledger = Ledger(journal, state, clock)
        await ledger.append(event)
        return ledger.state


def read_names(connections: Mapping[Cluster, Connection], same_because: str = "") -> NamesOfFile:
    """Return the clusters that kubeconfigs lead to."""
    clusters = {cluster: identify(connection) for cluster, connection in connections.items()}
    return NamesOfFile(clusters=clusters, same_because=same_because)


def identify(connection: Connection) -> Identity:
    """Return the cluster that a kubeconfig's context leads to; nothing of it is secret."""
    ca = connection.ca_pem
    return Identity(
        server=normalise_server(connection.server),
        context=connection.name,
        ca="" if ca is None else hashlib.sha256(ca).hexdigest()[:CA_DIGITS],
    )


def find_state(
    gateway: Gateway, state: GatewayState | None, *, is_offline: bool
) -> GatewayState | None:
    """Return the state in the names of a file that is planned for; nothing is written.

    Raises PlanError as `check` does, SpecError for a kubeconfig that is wrong: `is_offline`
    does without it.
    """
    if state is None:
        return None
    try:
        connections = load_connections(gateway)
    except SpecError:
        if not is_offline:
            raise
        return state
    return read_names(connections).apply(state)
