import asyncio
from datetime import datetime

import pytest
from typing_extensions import override

from bascule.errors import ApiError
from bascule.gateway.appgw.errors import LostChangeError
from bascule.gateway.appgw.lookout import LOOK_S, LOSSES_MAX, Lookout
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.ownership import Owns
from tests.support.arm_gateways import Document, gateway, pool
from tests.support.virtual_clock import VirtualClock

OWNS = Owns(prefix="bsc-", owner="shop")


class _Gateway(GatewayWriter):
    """A gateway that is read, and of whose writers is told, as a test says."""

    def __init__(self) -> None:
        self.document = _document("10.1.0.4")
        self.reads = 0
        self.asked_since: list[datetime] = []
        self.failures: list[Exception] = []
        self.losses: list[LostChangeError] = []

    @override
    async def read(self) -> Document:
        self.reads += 1
        if self.failures:
            raise self.failures.pop()
        await asyncio.sleep(0)
        return self.document

    @override
    async def name_others(self, since: datetime) -> str:
        self.asked_since.append(since)
        return "bob"

    @override
    async def audit(self) -> None:
        if self.losses:
            raise self.losses.pop()


def _document(address: str) -> Document:
    document = gateway()
    document["properties"]["backendAddressPools"] = [pool("bsc-a", address), pool("theirs")]
    return document


def _make() -> tuple[Lookout, _Gateway, VirtualClock]:
    clock, writer = VirtualClock(), _Gateway()
    return Lookout(writer, owns=OWNS, clock=clock), writer, clock


async def test_all_who_ask_at_a_time_share_one_reading() -> None:
    lookout, writer, clock = _make()

    looks = await asyncio.gather(*(lookout.look() for _ in range(5)))
    await clock.advance(LOOK_S)
    await lookout.look()

    assert {id(look) for look in looks} == {id(looks[0])}
    assert writer.reads == 2


async def test_what_we_wrote_need_not_be_read_unless_it_is_forgotten() -> None:
    lookout, writer, _ = _make()
    lookout.note_written(writer.document)

    await lookout.look()
    known = writer.reads
    lookout.forget()
    await lookout.look()

    assert (known, writer.reads) == (0, 1)


async def test_what_somebody_makes_of_ours_is_told_with_who_since_our_write() -> None:
    lookout, writer, clock = _make()
    written_at = clock.now()
    lookout.note_written(writer.document)
    writer.document = _document("10.6.6.6")
    await clock.advance(LOOK_S)

    look = await lookout.look()

    assert "backendAddressPools/bsc-a" in look.foreign
    assert look.foreign.endswith("(bob)")
    assert writer.asked_since == [written_at]


async def test_what_was_there_before_our_first_write_is_nobodys_fault() -> None:
    lookout, writer, clock = _make()
    await lookout.look()
    writer.document = _document("10.6.6.6")
    await clock.advance(LOOK_S)

    assert (await lookout.look()).foreign == ""
    assert writer.asked_since == []


async def test_a_loss_that_comes_to_light_late_is_kept() -> None:
    lookout, writer, clock = _make()
    writer.losses = [LostChangeError("bob's is gone", rivals=(), before={}, after={})]

    await lookout.look()
    await clock.advance(LOOK_S)
    await lookout.look()

    assert lookout.tell_losses() == "bob's is gone"


async def test_a_loss_is_told_once_at_least_whatever_is_written_meanwhile() -> None:
    lookout, _, _ = _make()
    lookout.note_loss("bob's is gone")
    lookout.settle_losses()
    lookout.note_loss("jane's is gone")

    assert lookout.tell_losses() == "bob's is gone; jane's is gone"
    lookout.settle_losses()
    assert lookout.tell_losses() == ""


async def test_of_very_many_losses_the_newest_are_told() -> None:
    lookout, _, _ = _make()
    for number in range(LOSSES_MAX + 1):
        lookout.note_loss(f"loss {number};")

    assert "loss 0;" not in lookout.tell_losses()
    assert f"loss {LOSSES_MAX};" in lookout.tell_losses()


async def test_a_reading_that_fails_is_no_reading() -> None:
    lookout, writer, _ = _make()
    writer.failures = [ApiError("no")]

    with pytest.raises(ApiError):
        await lookout.look()

    assert (await lookout.look()).document == writer.document
