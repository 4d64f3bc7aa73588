"""The driver on the throw-away gateway: it has a prefix of its own, and leaves the rest alone."""

from bascule.azure.document import Document, object_at
from bascule.errors import BasculeError
from bascule.gateway.appgw.adoption import OUR_TAGS, without_names
from bascule.gateway.appgw.change import TableChange
from bascule.gateway.appgw.difference import diff_documents, lines_of
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.merge import merge
from bascule.gateway.appgw.operations import FileOperationLog
from bascule.gateway.appgw.part import Part
from bascule.gateway.appgw.settings import PREFIX, AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.ownership import Owns
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from scripts.azure_real.gateway import read
from scripts.azure_real.world import World

OWNER = "azure-real"
HTTPS_ABOVE = 363
"""By so much the port of TLS is above the plain one: 443 is above 80."""
WRITE_MAX_S = 900.0
"""How long the driver may write one table."""
LINES_MAX = 20


class Ground:
    """One writer, as a process has one, and drivers of their own for each thing that is tried."""

    def __init__(self, world: World, hosts: tuple[str, ...]) -> None:
        gateway_id = str(world.ids().gateway)
        self._world = world
        self._settings = AppGwSettings(
            gateway_id=gateway_id,
            owner=OWNER,
            http_port=world.settings.port,
            https_port=world.settings.port + HTTPS_ABOVE,
            hosts=hosts,
        )
        self._owns = Owns(prefix=PREFIX, owner=OWNER)
        self._writer = GatewayWriter(
            world.client,
            gateway_id,
            clock=world.arm.clock,
            operations=FileOperationLog(world.directory / "gateway-operations.json"),
            owns=self._owns,
            fence=_hold_nothing,
            limit_s=WRITE_MAX_S,
        )

    def driver(self) -> AppGwDriver:
        """Return a driver as a fresh process has it."""
        return AppGwDriver(
            writer=self._writer,
            settings=self._settings,
            owns=self._owns,
            clock=self._world.arm.clock,
            fence=_hold_nothing,
        )

    async def find_unlike(
        self, table: RoutingTable, certificates: CertificateStore
    ) -> tuple[str, ...]:
        """Return how what Azure shows differs from what the table makes of it."""
        shown = await read(self._world)
        translator = Translator(self._settings)
        change = TableChange(table, certificates, translator=translator, owns=self._owns)
        return lines_of(diff_documents(shown, change(shown), self._owns))[:LINES_MAX]

    async def find_left(self, before: Document) -> tuple[str, ...]:
        """Take away all that is the driver's; return what differs from before."""
        trouble = await self.clear()
        after = await read(self._world)
        return (*trouble, *lines_of(diff_documents(before, after, self._owns)))[:LINES_MAX]

    async def clear(self) -> tuple[str, ...]:
        """Take it away; return why it is not, for what was found before is worth keeping."""
        try:
            await self._writer.write(self._without_ours)
        except BasculeError as error:
            return (f"not taken away: {error.message}",)
        return ()

    def _without_ours(self, document: Document) -> Document:
        bare = merge(document, Part(children={}), self._owns, pfx={}, tags={})
        return {**bare, "tags": without_names(object_at(document, "tags"), OUR_TAGS)}


def _hold_nothing() -> None:
    """Nobody else owns the throw-away gateway."""
