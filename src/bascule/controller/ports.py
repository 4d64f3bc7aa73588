"""What the controller needs besides the gateway driver."""

from typing import Protocol

from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from bascule.storage.last_good import LastGood, NoLastGood


class LastGoodStore(Protocol):
    """Keeps the last table that the gateway acknowledged over a restart; both calls may block."""

    def load(self) -> LastGood | NoLastGood:
        """Return what was stored last, or why there is nothing."""
        ...

    def store(self, table: RoutingTable, certificates: CertificateStore) -> None:
        """Replace what is stored; raises JournalError when it cannot be written."""
        ...
