"""The last good table in the names of now, whichever it was stored in."""

from dataclasses import dataclass, replace

from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from bascule.routing.naming import Naming
from bascule.routing.renaming import rename_routes
from bascule.storage.last_good import LastGood, LastGoodFile, NoLastGood


@dataclass(frozen=True, slots=True)
class RenamedLastGood:
    """Implements `bascule.controller.ports.LastGoodStore`; its file may be in earlier names."""

    file: LastGoodFile
    naming: Naming

    def load(self) -> LastGood | NoLastGood:
        """Return what was stored last, in the names of now."""
        found = self.file.load()
        if isinstance(found, NoLastGood):
            return found
        routes = rename_routes(found.table.routes, self.naming)
        return replace(found, table=replace(found.table, routes=routes))

    def store(self, table: RoutingTable, certificates: CertificateStore) -> None:
        """Store a table, which is in the names of now."""
        self.file.store(table, certificates)
