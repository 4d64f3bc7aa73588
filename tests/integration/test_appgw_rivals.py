"""Our writer on a gateway that somebody else writes too, with If-Match honoured and without."""

import asyncio
from random import Random
from typing import Any, Literal

import pytest

from bascule.errors import ForeignChangeError
from bascule.gateway.appgw.budget import SPACING_S
from bascule.gateway.appgw.errors import BusyElsewhereError, LostChangeError
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.appgw.writes import Supersede
from tests.support.gateway_lab import GatewayLab, gateway_lab, pools_of, with_pool

IfMatch = Literal["honour", "ignore"]
both = pytest.mark.parametrize("if_match", ["honour", "ignore"])


async def test_with_if_match_what_others_write_between_our_get_and_put_stays() -> None:
    async with gateway_lab() as lab:
        lab.before_our_put(lambda: lab.add_pool_of_other("theirs"), times=2)

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert {"theirs", "bsc-shop"} <= pools_of(written.after).keys()
        assert written.puts == 1


async def test_our_own_budget_of_writes_never_holds_up_an_urgent_one() -> None:
    async with gateway_lab() as lab:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(lab.writer.write(_with("10.0.0.1")))
            await lab.clock.settle()
            second = group.create_task(lab.writer.write(_with("10.0.0.2"), is_urgent=True))
            await lab.settle()

        assert second.result().sent_s - first.result().sent_s < SPACING_S


async def test_without_if_match_what_others_wrote_is_lost_and_it_is_told_whose() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        before = await lab.get()
        lab.before_our_put(lambda: lab.add_pool_of_other("theirs"))

        with pytest.raises(LostChangeError) as caught:
            await lab.drive(lab.writer.write(_with("10.0.0.1")))

        (rival,) = caught.value.rivals
        assert rival.caller == lab.other_app.app_id
        assert f"{lab.other_app.app_id} from 127.0.0.1 at 2026-" in caught.value.message
        assert caught.value.before == before
        assert pools_of(caught.value.after) == pools_of(await lab.get())
        assert pools_of(await lab.get())["bsc-shop"] == ["10.0.0.1"]
        assert not lab.log.kept


async def test_what_others_wrote_while_our_reading_took_long_is_in_it_and_no_loss() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        lab.while_we_read(lambda: lab.add_pool_of_other("theirs"), lasts_s=120.0)

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))
        await lab.clock.advance(20)
        await lab.drive(lab.writer.audit())

        assert {"theirs", "bsc-shop"} <= pools_of(written.after).keys()
        assert written.puts == 1


async def test_the_log_is_read_before_the_gateway_so_that_the_time_to_lose_in_is_short() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        await lab.drive(lab.writer.write(_with("10.0.0.1"), is_urgent=True))

        sent = [(method, path == lab.gateway_id) for method, path, _ in lab.pipeline.sent]
        assert sent[sent.index(("PUT", True)) - 1] == ("GET", True)


async def test_a_loss_is_told_once_and_does_not_stand_in_the_way_of_the_next_write() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        lab.before_our_put(lambda: lab.add_pool_of_other("theirs"))
        with pytest.raises(LostChangeError):
            await lab.drive(lab.writer.write(_with("10.0.0.1"), is_urgent=True))

        await lab.clock.advance(20)
        await lab.drive(lab.writer.audit())
        written = await lab.drive(lab.writer.write(_with("10.0.0.2")))

        assert written.puts == 1


async def test_a_loss_of_which_the_log_tells_late_is_found_by_looking_again() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        await lab.fault(kind="error", path="eventtypes", status=403, code="AuthorizationFailed")
        lab.before_our_put(lambda: lab.add_pool_of_other("theirs"))
        await lab.drive(lab.writer.write(_with("10.0.0.1")))
        await lab.clear_faults()

        await lab.drive(lab.writer.audit())  # a moment after the last look: nothing is asked
        await lab.clock.advance(20)
        with pytest.raises(LostChangeError, match=lab.other_app.app_id):
            await lab.drive(lab.writer.audit())


async def test_a_loss_at_which_the_process_died_is_told_by_the_next_one() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        lab.before_our_put(lambda: lab.add_pool_of_other("theirs"))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(lab.writer.write(_with("10.0.0.1")))
            await lab.clock.settle()
            task.cancel()

        with pytest.raises(LostChangeError, match=lab.other_app.app_id):
            await lab.drive(lab.make_writer().write(_with("10.0.0.2")))


async def test_where_nobody_interfered_looking_again_comes_to_an_end() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        await lab.drive(lab.writer.write(_with("10.0.0.1")))

        for _ in range(30):
            await lab.clock.advance(20)
            await lab.drive(lab.writer.audit())
        asked = len(lab.pipeline.sent)
        await lab.clock.advance(20)
        await lab.drive(lab.writer.audit())

        assert len(lab.pipeline.sent) == asked


async def test_a_log_that_never_tells_is_given_up_after_a_while() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        await lab.fault(kind="error", path="eventtypes", status=403, code="AuthorizationFailed")
        await lab.drive(lab.writer.write(_with("10.0.0.1")))

        for _ in range(3):
            await lab.settle()
            await lab.drive(lab.writer.audit())
        asked = len(lab.pipeline.sent)
        await lab.settle()
        await lab.drive(lab.writer.audit())

        assert len(lab.pipeline.sent) == asked


async def test_an_operation_of_the_process_before_is_not_somebody_elses() -> None:
    async with gateway_lab() as lab:
        await lab.drive(lab.writer.write(_with("10.0.0.1")))
        trail = lab.ours.azure._activity
        trail.load(each for each in trail.save() if each["status"]["value"] == "Accepted")

        begun_s = lab.clock.monotonic_s()
        written = await lab.drive(lab.make_writer().write(_with("10.0.0.2"), is_urgent=True))

        assert written.sent_s == begun_s


@both
async def test_an_operation_of_somebody_else_is_waited_for(if_match: IfMatch) -> None:
    async with gateway_lab(if_match=if_match) as lab:
        await lab.fault(kind="slow", operation="PutApplicationGateway", seconds=100.0, times=1)
        await lab.add_pool_of_other("theirs")
        begun_s = lab.clock.monotonic_s()

        written = await lab.drive(lab.writer.write(_with("10.0.0.1"), is_urgent=True))

        assert written.sent_s >= begun_s + 100.0
        assert "theirs" in pools_of(written.after)
        assert "Canceled" not in await _statuses(lab)


async def test_an_operation_of_somebody_else_is_seen_without_the_log_too() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="error", path="eventtypes", status=403, code="AuthorizationFailed")
        await lab.fault(kind="slow", operation="PutApplicationGateway", seconds=100.0, times=1)
        await lab.add_pool_of_other("theirs")
        begun_s = lab.clock.monotonic_s()

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert written.sent_s >= begun_s + 25.0  # for so long the gateway says that it is updating


async def test_an_operation_of_somebody_else_that_lasts_too_long_is_named() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="slow", operation="PutApplicationGateway", seconds=1_000.0, times=1)
        await lab.add_pool_of_other("theirs")

        with pytest.raises(BusyElsewhereError, match=lab.other_app.app_id) as caught:
            await lab.drive(lab.writer.write(_with("10.0.0.1"), is_urgent=True))

        assert [each.caller for each in caught.value.rivals] == [lab.other_app.app_id]
        assert lab.puts == 0


@both
async def test_only_an_approval_that_names_whose_it_is_cancels_an_operation(
    if_match: IfMatch,
) -> None:
    async with gateway_lab(if_match=if_match) as lab:
        await lab.fault(kind="slow", operation="PutApplicationGateway", seconds=500.0, times=1)
        await lab.add_pool_of_other("theirs")
        begun_s = lab.clock.monotonic_s()
        wrong = lab.make_writer(limit_s=20.0).write(
            _with("10.0.0.1"), is_urgent=True, approved=Supersede(whose=frozenset({"who-else"}))
        )
        with pytest.raises(BusyElsewhereError):
            await lab.drive(wrong)

        written = await lab.drive(
            lab.writer.write(
                _with("10.0.0.1"),
                is_urgent=True,
                approved=Supersede(whose=frozenset({lab.other_app.app_id})),
            )
        )

        assert written.sent_s - begun_s < 100.0
        assert {"theirs", "bsc-shop"} <= pools_of(written.after).keys()
        assert "Canceled" in await _statuses(lab)


@both
async def test_what_a_stale_body_of_somebody_else_dropped_is_written_again(
    if_match: IfMatch,
) -> None:
    async with gateway_lab(if_match=if_match) as lab:
        stale = with_pool(await lab.get(), "theirs", "10.9.9.9")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(lab.writer.write(_with("10.0.0.1")))
            await lab.clock.advance(0.5)
            await lab.put_other(stale)
            await lab.settle()

        assert task.result().puts == 2
        assert {"theirs", "bsc-shop"} <= pools_of(await lab.get()).keys()


@both
async def test_somebody_who_writes_after_us_and_keeps_our_part_does_no_harm(
    if_match: IfMatch,
) -> None:
    async with gateway_lab(if_match=if_match) as lab:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(lab.writer.write(_with("10.0.0.1")))
            await lab.clock.advance(0.5)
            await lab.add_pool_of_other("theirs")
            await lab.settle()

        assert task.result().puts == 1
        assert {"theirs", "bsc-shop"} <= pools_of(await lab.get()).keys()


async def test_two_that_write_over_each_other_are_stopped_and_the_other_is_named() -> None:
    async with gateway_lab() as lab:
        stale = await lab.get()

        async def fight() -> None:
            while True:
                await lab.clock.sleep_until(lab.clock.monotonic_s() + 1.0)
                if "bsc-shop" in pools_of(await lab.get()):
                    await lab.put_other(stale)

        async with asyncio.TaskGroup() as group:
            other = group.create_task(fight())
            with pytest.raises(ForeignChangeError, match=lab.other_app.app_id):
                await lab.drive(lab.writer.write(_with("10.0.0.1")))
            other.cancel()


@both
async def test_in_a_storm_ours_ends_right_and_no_loss_goes_untold(if_match: IfMatch) -> None:
    async with gateway_lab(if_match=if_match) as lab:
        storm = _Storm(lab, Random(3))  # noqa: S311 - a seed to repeat it, not a secret
        await storm.break_out()
        told = 0
        async with asyncio.TaskGroup() as group:
            other = group.create_task(storm.rage())
            for number in range(5):
                try:
                    await lab.drive(lab.writer.write(_with(f"10.0.0.{number}")))
                except LostChangeError as error:
                    told += len(error.rivals)
                await lab.sign_in()
            other.cancel()
        await lab.clear_faults()
        await lab.drive(lab.writer.write(_with("10.0.0.99")))

        there = pools_of(await lab.get())
        lost = storm.written - there.keys()
        assert there["bsc-shop"] == ["10.0.0.99"]
        assert len(lost) <= told
        assert bool(lost) is (if_match == "ignore")


async def test_in_a_storm_that_kills_us_too_the_next_process_tells_what_was_lost() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        rng = Random(14)  # noqa: S311 - a seed to repeat it, not a secret
        storm = _Storm(lab, rng)
        await storm.break_out()
        told = 0
        async with asyncio.TaskGroup() as group:
            other = group.create_task(storm.rage())
            for number in range(6):
                task = group.create_task(_losses(lab.make_writer(), f"10.0.0.{number}"))
                await lab.clock.advance(rng.uniform(1.0, 200.0))
                await lab.sign_in()
                told += task.result() if task.done() else 0
                task.cancel()
            other.cancel()
        await lab.clear_faults()
        writer = lab.make_writer()
        told += await lab.drive(_losses(writer, "10.0.0.99"))
        told += await lab.drive(_losses(writer, "10.0.0.99"))

        there = pools_of(await lab.get())
        assert there["bsc-shop"] == ["10.0.0.99"]
        assert len(storm.written - there.keys()) <= told


async def _losses(writer: GatewayWriter, address: str) -> int:
    """Write, and return how many writes of others are told to be lost."""
    try:
        await writer.write(_with(address))
    except LostChangeError as error:
        return len(error.rivals)
    return 0


class _Storm:
    """Somebody else, who adds a pool every now and then and remembers it when it was taken."""

    def __init__(self, lab: GatewayLab, rng: Random) -> None:
        self._lab = lab
        self._rng = rng
        self.written: set[str] = set()

    async def break_out(self) -> None:
        """Let three in ten of our requests fail in one way or another, and all be slow."""
        us = {"caller": self._lab.ours.azure.identity.first_app_id, "rate": 0.1}
        await self._lab.fault(kind="error", **us)
        await self._lab.fault(kind="throttle", retryAfterS=2, **us)
        await self._lab.fault(kind="lose", method="PUT", **us)
        await self._lab.fault(kind="fail", operation="PutApp", rate=0.05, code="RetryableError")
        self._lab.pipeline.on_send = self._delay

    async def rage(self) -> None:
        """Write a pool that nobody else knows, again and again."""
        for number in range(60):
            await self._pause(1.0, 40.0)
            document = await self._lab.get()
            await self._pause(0.1, 4.0)
            name = f"theirs-{number}"
            reply = await self._lab.other.ask(
                "PUT",
                self._lab.gateway_id,
                with_pool(document, name, "10.9.9.9"),
                headers={"if-match": document["etag"]},
            )
            if reply.status < 300:
                self.written.add(name)

    async def _delay(self, _method: str, _path: str) -> None:
        """Let a request of ours take its time."""
        await self._pause(0.1, 4.0)

    async def _pause(self, least_s: float, most_s: float) -> None:
        wait_s = self._rng.uniform(least_s, most_s)
        await self._lab.clock.sleep_until(self._lab.clock.monotonic_s() + wait_s)


async def _statuses(lab: GatewayLab) -> set[str]:
    """Return how the operations of the gateway ended."""
    return {each.status for each in lab.ours.azure.world.operations.all()}


def _with(*addresses: str) -> Any:
    return lambda document: with_pool(document, "bsc-shop", *addresses)
