"""A routing table becomes our part of one gateway's document."""

from bascule.gateway.appgw.part import COLLECTIONS, Facts, Part
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.routing.model import RoutingTable


class Translator:
    """Translates one table after another and keeps what it made of each host.

    What it gives equals what a fresh one would give.
    """

    def __init__(self, settings: AppGwSettings) -> None:
        self._settings = settings

    def translate(self, table: RoutingTable, facts: Facts) -> Part:
        """Return our part of the document under `table`; what does not fit is a Problem."""
        _ = (table, facts)
        return Part(children={collection: {} for collection in COLLECTIONS})
