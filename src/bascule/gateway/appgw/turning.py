"""Moves the traffic of what a gateway serves, where a table cannot be written whole."""

from bascule.azure.document import Document
from bascule.gateway.appgw.culprits import Suspect, served_hosts
from bascule.gateway.appgw.live import read_split, render_split
from bascule.gateway.appgw.mending import leave_out
from bascule.gateway.appgw.merge import read_facts
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.appgw.way_back import turn
from bascule.gateway.ownership import SPLIT_TAG, TABLE_DIGITS, TABLE_TAG, Owns
from bascule.routing.model import RoutingTable


class Turning:
    """Turns what a document serves to where `table` sends it; nothing else comes or goes.

    `left_out` are the hosts of the table that the last document did not serve, `mended` the rest.
    """

    def __init__(self, table: RoutingTable, *, translator: Translator, owns: Owns) -> None:
        self.table = table
        self.mended = table
        self.left_out: tuple[Suspect, ...] = ()
        self._translator = translator
        self._owns = owns

    def moves(self, document: Document) -> bool:
        """Whether its traffic is to go elsewhere, and all of it would."""
        is_moved = read_facts(document, self._owns).is_moved_by(self.table.split)
        split = self.table.split
        return is_moved and read_split(self(document), self._owns, split) == split

    def __call__(self, document: Document) -> dict[str, object]:
        """Return the whole body to PUT."""
        served = served_hosts(document, self._owns)
        hosts = self.table.routes.hosts
        self.left_out = tuple(Suspect(each.name) for each in hosts if each.name not in served)
        self.mended = leave_out(self.table, self.left_out, {})
        part = self._translator.translate(self.mended, read_facts(document, self._owns).held())
        tags = {
            TABLE_TAG: self.mended.digest[:TABLE_DIGITS],
            SPLIT_TAG: render_split(self.table.split),
        }
        return turn(document, part, self._owns, tags=tags)
