"""Reads a gateway for all who ask, seldom, and says what of ours is not as it was written."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from bascule.azure.document import Document
from bascule.clock import Clock
from bascule.gateway.appgw.change import describe
from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.appgw.errors import LostChangeError
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.ownership import Owns

LOOK_S = 1.0
"""So long one reading stands for all who ask: Azure lets a subscription read 33 times a second."""
LOSSES_MAX = 32
"""So many losses are told at a time; the oldest are let go beyond this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The gateway as it was read at a time; `foreign` is what somebody made of what is ours."""

    document: Document
    at_s: float
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class _Noted:
    """The gateway as our last write left it."""

    document: Document
    at: datetime


class Lookout:
    """What is seen of one gateway."""

    def __init__(self, writer: GatewayWriter, *, owns: Owns, clock: Clock) -> None:
        self._writer = writer
        self._owns = owns
        self._clock = clock
        self._lock = asyncio.Lock()
        self._look: Look | None = None
        self._noted: _Noted | None = None
        self._losses: dict[str, bool] = {}
        """What writes of ours undid of somebody else's, and whether that was told."""

    def note_written(self, document: Document) -> None:
        """Take this as what the gateway is after a write of ours."""
        self._noted = _Noted(document, self._clock.now())
        self._look = Look(document=document, at_s=self._clock.monotonic_s())

    def note_loss(self, loss: str) -> None:
        """Take down that a write of ours undid somebody else's."""
        self._losses[loss] = False
        while len(self._losses) > LOSSES_MAX:
            del self._losses[next(iter(self._losses))]

    def settle_losses(self) -> None:
        """Tell no more of what was told: something was written since."""
        self._losses = {each: False for each, is_told in self._losses.items() if not is_told}

    def tell_losses(self) -> str:
        """Return all that writes of ours undid, until it is settled; empty: nothing."""
        self._losses = dict.fromkeys(self._losses, True)
        return "; ".join(self._losses)

    def forget(self) -> None:
        """Read again at the next look."""
        self._look = None

    async def look(self) -> Look:
        """Return the gateway as it is, or was a moment ago. Raises as `GatewayWriter.read`."""
        async with self._lock:
            look, now_s = self._look, self._clock.monotonic_s()
            if look is None or now_s - look.at_s >= LOOK_S:
                document = await self._writer.read()
                foreign = await self._find_foreign(document)
                self._look = look = Look(document=document, at_s=now_s, foreign=foreign)
                await self._look_for_losses()
        return look

    async def _find_foreign(self, document: Document) -> str:
        noted = self._noted
        if noted is None:
            return ""
        changes = [e for e in diff_documents(noted.document, document, self._owns) if e.is_ours]
        if not changes or noted is not self._noted:
            return ""
        return describe(changes, await self._writer.name_others(noted.at))

    async def _look_for_losses(self) -> None:
        try:
            await self._writer.audit()
        except LostChangeError as error:
            self.note_loss(error.message)
