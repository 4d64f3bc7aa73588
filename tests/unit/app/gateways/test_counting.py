from dataclasses import replace
from pathlib import Path

from bascule.app.gateways.counting import CountingLog
from bascule.gateway.appgw.operations import BegunOperation, FileOperationLog
from tests.support.virtual_clock import VirtualClock


def begun(clock: VirtualClock, name: str = "one") -> BegunOperation:
    return BegunOperation(correlation_id=name, etag="e", begun_at=clock.now())


async def test_an_update_counts_once_azure_took_it_and_its_time_once_it_ended(
    tmp_path: Path,
) -> None:
    clock = VirtualClock()
    log = CountingLog(FileOperationLog(tmp_path / "operations.json"), clock)
    operation = begun(clock)

    log.record(operation)
    before = log.puts.total
    log.record(replace(operation, operation_url="https://x"))
    log.record(replace(operation, operation_url="https://x", etag="later"))
    since = log.under_way_since
    await clock.advance(8)
    log.forget("one")

    assert (before, log.puts.total, log.puts.seconds) == (0, 1, 8)
    assert since == operation.begun_at
    assert log.under_way_since is None


def test_an_update_that_was_refused_at_the_door_is_none(tmp_path: Path) -> None:
    clock = VirtualClock()
    log = CountingLog(FileOperationLog(tmp_path / "operations.json"), clock)

    log.record(begun(clock))
    log.forget("one")

    assert log.puts.total == 0
    assert sum(log.puts.counts) == 0
