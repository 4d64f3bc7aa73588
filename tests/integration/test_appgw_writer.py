"""Our writer on a gateway that nobody disturbs, or that Azure has trouble with."""

import asyncio
from typing import Any

import pytest

from bascule.azure.document import Document, text_at
from bascule.errors import (
    DriverError,
    ForbiddenError,
    InvariantError,
    OutcomeUnknownError,
    StaleWriterError,
)
from bascule.gateway.appgw.errors import RefusedError
from bascule.gateway.appgw.writer import GatewayWriter
from tests.support.gateway_lab import OWNS, GatewayLab, gateway_lab, pools_of, with_pool


async def test_a_change_is_sent_once_and_read_back() -> None:
    async with gateway_lab() as lab:
        before = await lab.get()

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert (written.is_sent, written.puts, written.is_superseded) == (True, 1, False)
        assert pools_of(written.after) == {**pools_of(before), "bsc-shop": ["10.0.0.1"]}
        assert written.before == before
        assert written.operation_url
        assert written.sent_s < written.done_s
        assert lab.fenced
        assert not lab.log.kept


async def test_what_is_there_is_not_sent_after_a_restart_either() -> None:
    async with gateway_lab() as lab:
        await lab.drive(lab.writer.write(_with("10.0.0.1")))
        sent = lab.puts

        written = await lab.drive(lab.make_writer().write(_with("10.0.0.1")))

        assert (written.is_sent, written.puts, lab.puts) == (False, 0, sent)
        assert written.before == written.after == await lab.get()


async def test_whether_if_match_counts_is_learned_by_the_first_put_alone() -> None:
    async with gateway_lab() as honouring, gateway_lab(if_match="ignore") as ignoring:
        for lab in (honouring, ignoring):
            for number in range(3):
                address = f"10.0.0.{number}"
                written = await lab.drive(lab.writer.write(_with(address)))
                assert written.puts == 1

        assert (honouring.puts, ignoring.puts) == (1 + 3, 3)


async def test_an_urgent_write_asks_no_questions_first() -> None:
    async with gateway_lab() as lab:
        await lab.drive(lab.writer.write(_with("10.0.0.1"), is_urgent=True))

        assert lab.puts == 1


async def test_an_urgent_write_takes_the_place_of_the_one_under_way() -> None:
    async with gateway_lab() as lab:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(lab.writer.write(_with("10.0.0.1")))
            await lab.clock.settle()
            assert pools_of(await lab.get())["bsc-shop"] == ["10.0.0.1"]
            second = group.create_task(lab.writer.write(_with("10.0.0.2"), is_urgent=True))
            await lab.settle()

        assert first.result().is_superseded
        assert not second.result().is_superseded
        assert (first.result().puts, second.result().puts) == (1, 1)
        assert pools_of(first.result().after) == pools_of(second.result().after)
        assert pools_of(await lab.get())["bsc-shop"] == ["10.0.0.2"]
        assert not lab.log.kept


async def test_a_write_that_is_not_urgent_waits_for_the_one_under_way() -> None:
    async with gateway_lab() as lab:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(lab.writer.write(_with("10.0.0.1")))
            await lab.clock.settle()
            second = group.create_task(lab.writer.write(_with("10.0.0.2")))
            await lab.clock.settle()
            assert pools_of(await lab.get())["bsc-shop"] == ["10.0.0.1"]
            await lab.settle()

        assert not first.result().is_superseded
        assert first.result().done_s <= second.result().sent_s


async def test_an_urgent_write_of_what_is_on_its_way_already_waits_for_its_end() -> None:
    async with gateway_lab() as lab:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(lab.writer.write(_with("10.0.0.1")))
            await lab.clock.settle()
            second = group.create_task(lab.writer.write(_with("10.0.0.1"), is_urgent=True))
            await lab.clock.settle()
            assert not second.done()
            await lab.settle()

        assert second.result().puts == 0
        assert first.result().done_s <= second.result().done_s


async def test_what_was_under_way_at_a_restart_is_waited_for() -> None:
    async with gateway_lab() as lab:
        await _break_off(lab, "10.0.0.1")
        sent = lab.puts

        written = await lab.drive(lab.make_writer().write(_with("10.0.0.2")))

        assert (written.puts, lab.puts - sent) == (1, 2)
        assert pools_of(written.before)["bsc-shop"] == ["10.0.0.1"]
        assert _state(written.before) == "Succeeded"
        assert not lab.log.kept


async def test_what_was_under_way_at_a_restart_is_superseded_by_what_is_urgent() -> None:
    async with gateway_lab() as lab:
        await _break_off(lab, "10.0.0.1")
        begun_s = lab.clock.monotonic_s()

        written = await lab.drive(lab.make_writer().write(_with("10.0.0.2"), is_urgent=True))

        assert written.sent_s == begun_s
        assert pools_of(await lab.get())["bsc-shop"] == ["10.0.0.2"]
        assert not lab.log.kept


async def test_a_put_whose_answer_was_lost_is_found_and_not_sent_again() -> None:
    async with gateway_lab() as lab:
        await lab.drive(lab.writer.write(_with("10.0.0.9")))
        sent = lab.puts
        await lab.fault(kind="lose", method="PUT", path="applicationGateways", times=1)

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert (written.is_sent, written.puts, lab.puts - sent) == (True, 1, 1)
        assert _state(written.after) == "Succeeded"
        assert pools_of(await lab.get())["bsc-shop"] == ["10.0.0.1"]
        assert not lab.log.kept


async def test_an_urgent_put_whose_answer_was_lost_is_replaced_by_one_that_shows_its_end() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="lose", method="PUT", path="applicationGateways", times=1)

        written = await lab.drive(lab.writer.write(_with("10.0.0.1"), is_urgent=True))

        assert (written.puts, lab.puts) == (2, 2)
        assert written.operation_url
        assert not lab.log.kept


async def test_a_put_that_never_arrived_is_sent_again() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="error", method="PUT", path="applicationGateways", times=2)

        written = await lab.drive(lab.writer.write(_with("10.0.0.1"), is_urgent=True))

        assert (written.puts, lab.puts) == (1, 3)


async def test_where_the_log_tells_nothing_a_lost_put_is_written_again() -> None:
    async with gateway_lab() as lab:
        await lab.drive(lab.writer.write(_with("10.0.0.9")))
        await lab.fault(kind="lose", method="PUT", path="applicationGateways", times=1)
        await lab.fault(kind="error", path="eventtypes", status=403, code="AuthorizationFailed")

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert written.puts == 2
        assert not lab.log.kept


async def test_a_writer_without_the_right_to_read_the_log_writes() -> None:
    async with gateway_lab(if_match="ignore") as lab:
        await lab.fault(kind="error", path="eventtypes", status=403, code="AuthorizationFailed")

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert written.puts == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "throttle", "retryAfterS": 40.0, "times": 2},
        {"kind": "error", "status": 429, "code": "RetryableError", "retryAfterS": 40, "times": 2},
        {"kind": "error", "status": 409, "code": "AnotherOperationInProgress", "times": 2},
        {"kind": "busy", "seconds": 40.0},
    ],
    ids=["throttled", "retryable", "another operation", "busy for a while"],
)
async def test_a_refusal_of_the_moment_is_waited_out_and_decided_anew(fault: Any) -> None:
    async with gateway_lab() as lab:
        begun_s = lab.clock.monotonic_s()
        await lab.fault(method="PUT", path="applicationGateways", **fault)

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        waited_s = written.sent_s - begun_s
        assert written.puts == 1
        assert waited_s >= 2 * float(fault.get("retryAfterS", 1.0))


async def test_a_document_that_azure_refuses_is_not_sent_again() -> None:
    async with gateway_lab() as lab:
        before = await lab.get()

        def change(document: Any) -> Any:
            rules = document["properties"]["requestRoutingRules"]
            twice = [*rules, {**rules[0], "name": "bsc-twice"}]
            return {
                **document,
                "properties": {**document["properties"], "requestRoutingRules": twice},
            }

        with pytest.raises(RefusedError, match="PriorityMustBeUnique") as caught:
            await lab.drive(lab.writer.write(change, is_urgent=True))

        assert (caught.value.status, caught.value.is_synchronous, lab.puts) == (400, True, 1)
        assert caught.value.sent == change(before)
        assert await lab.get() == before
        assert not lab.log.kept


async def test_an_operation_that_fails_is_told_and_repaired_by_the_next_write() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="fail", operation="PutApplicationGateway", times=1, message="no luck")

        with pytest.raises(RefusedError, match="no luck") as caught:
            await lab.drive(lab.writer.write(_with("10.0.0.1")))
        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert not caught.value.is_synchronous
        assert written.puts == 1
        assert _state(written.after) == "Succeeded"
        assert not lab.log.kept


async def test_an_operation_that_failed_of_the_moment_is_begun_again() -> None:
    async with gateway_lab() as lab:
        await lab.fault(
            kind="fail", operation="PutApplicationGateway", times=1, code="RetryableError"
        )

        written = await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert written.puts == 2


async def test_an_operation_that_does_not_end_in_time_is_unknown_and_waited_for_later() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="slow", operation="PutApplicationGateway", seconds=1_000.0, times=1)
        with pytest.raises(OutcomeUnknownError, match="still takes over"):
            await lab.drive(lab.make_writer(limit_s=500.0).write(_with("10.0.0.1")))
        assert lab.log.kept

        written = await lab.drive(lab.make_writer().write(_with("10.0.0.1")))

        assert written.puts == 0
        assert _state(written.after) == "Succeeded"
        assert not lab.log.kept


async def test_a_write_that_is_refused_again_and_again_ends_at_its_limit() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="throttle", method="PUT", path="applicationGateways", retryAfterS=40)

        with pytest.raises(DriverError, match=r"not written within 100 s: .*TooManyRequests"):
            await lab.drive(lab.make_writer(limit_s=100.0).write(_with("10.0.0.1")))

        assert not lab.log.kept


async def test_a_document_larger_than_azure_takes_is_not_sent() -> None:
    async with gateway_lab() as lab:
        much = [f"{number}.{'x' * 200}.example.com" for number in range(20_000)]

        with pytest.raises(
            DriverError, match=r"would have 4,\d{3} kilobytes, and Azure takes 4,000"
        ):
            await lab.drive(lab.writer.write(lambda document: with_pool(document, "bsc-a", *much)))

        assert (lab.puts, lab.log.kept) == (0, {})


async def test_whoever_lost_the_lease_sends_nothing() -> None:
    async with gateway_lab() as lab:

        def fence() -> None:
            raise StaleWriterError("another owner has taken over")

        writer = GatewayWriter(
            lab.client,
            lab.gateway_id,
            clock=lab.clock,
            operations=lab.log,
            owns=OWNS,
            fence=fence,
        )
        with pytest.raises(StaleWriterError):
            await lab.drive(writer.write(_with("10.0.0.1")))

        assert lab.puts == 0
        assert not lab.log.kept


async def test_a_stopped_gateway_is_not_started_by_a_write() -> None:
    async with gateway_lab() as lab:
        reply = await lab.other.ask("POST", f"{lab.gateway_id}/stop")
        assert reply.status == 202
        await lab.settle()

        with pytest.raises(DriverError, match="is stopped"):
            await lab.drive(lab.writer.write(_with("10.0.0.1")))

        assert lab.puts == 0


async def test_a_gateway_that_is_not_there_or_not_ours_to_read_is_told() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="error", status=403, code="AuthorizationFailed", times=1)
        with pytest.raises(ForbiddenError):
            await lab.drive(lab.writer.read())
        reply = await lab.other.ask("DELETE", lab.gateway_id)
        assert reply.status == 202

        with pytest.raises(DriverError, match="being deleted"):
            await lab.drive(lab.writer.write(_with("10.0.0.1")))
        await lab.settle()
        with pytest.raises(DriverError, match="there is no gateway"):
            await lab.drive(lab.writer.read())


async def test_writes_under_churn_are_one_at_a_time_and_the_last_state_wins() -> None:
    async with gateway_lab() as lab:
        async with asyncio.TaskGroup() as group:
            tasks = []
            for number in range(8):
                tasks.append(group.create_task(lab.writer.write(_with(f"10.0.0.{number}"))))
                await lab.clock.advance(0.1)
            await lab.settle()

        assert pools_of(await lab.get())["bsc-shop"] == ["10.0.0.7"]
        assert sum(task.result().puts for task in tasks) <= 8


async def test_a_change_that_cannot_be_made_leaves_nothing_behind() -> None:
    async with gateway_lab() as lab:

        def change(_document: Any) -> Any:
            raise InvariantError("a mistake of ours")

        with pytest.raises(InvariantError):
            await lab.drive(lab.writer.write(change))

        assert (lab.puts, lab.log.kept) == (0, {})


async def _break_off(lab: GatewayLab, address: str) -> None:
    """Begin a write, and end the process that waits for it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(lab.writer.write(_with(address)))
        await lab.clock.settle()
        assert lab.log.kept
        task.cancel()


def _state(document: Document) -> str:
    return text_at(document, "properties", "provisioningState")


def _with(*addresses: str) -> Any:
    return lambda document: with_pool(document, "bsc-shop", *addresses)
