import asyncio

import pytest
from typing_extensions import override

from bascule.app.metering import BOUNDS_S, MeteredDriver
from bascule.errors import BasculeError, DriverError, ForeignChangeError, OutcomeUnknownError
from bascule.gateway.driver import Convergence, Observation
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import RoutingTable
from tests.support.fake_driver import FakeDriver
from tests.support.tables import route_set, table
from tests.support.virtual_clock import VirtualClock


class Changed(FakeDriver):
    reason = "bob's is gone"

    @override
    async def observe(self) -> Observation:
        return Observation(convergence=Convergence.FOREIGN_CHANGE, reason=self.reason)


async def test_whoever_wants_is_told_of_each_table() -> None:
    clock, told = VirtualClock(), list[RoutingTable]()
    driver = MeteredDriver(FakeDriver(clock), clock, on_table=told.append)
    wanted = table(route_set([]))

    await driver.apply(wanted, EMPTY_STORE)

    assert told == [wanted]


async def test_who_waits_is_told_how_long_the_gateway_is_being_updated() -> None:
    clock = VirtualClock()
    inner = FakeDriver(clock)
    driver = MeteredDriver(inner, clock)
    inner.hold()

    async with asyncio.TaskGroup() as group:
        applying = group.create_task(driver.apply(table(route_set([])), EMPTY_STORE))
        await clock.advance(0.5)
        first = driver.progress()
        await clock.advance(11.5)
        later = driver.progress(8.0)
        inner.release()
        await applying

    assert (first, later) == ("", "the gateway is being updated, 12 s (mostly about 8 s)")
    assert driver.progress() == ""
    assert driver.figures.applied.total == 1
    assert driver.figures.applied.counts[BOUNDS_S.index(15.0)] == 1


async def test_a_table_that_was_live_already_counts_apart() -> None:
    clock = VirtualClock()
    driver = MeteredDriver(FakeDriver(clock), clock)

    await driver.apply(table(route_set([])), EMPTY_STORE)

    assert (driver.figures.applied.total, driver.figures.unchanged) == (0, 1)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (DriverError("no"), "refused"),
        (OutcomeUnknownError("silence"), "unknown"),
        (ForeignChangeError("they"), "foreign"),
    ],
    ids=["refused", "unknown", "foreign"],
)
async def test_what_went_wrong_is_counted_and_raised(error: BasculeError, name: str) -> None:
    clock = VirtualClock()
    inner = FakeDriver(clock)
    driver = MeteredDriver(inner, clock)
    inner.fail_next(error)

    with pytest.raises(type(error)):
        await driver.apply(table(route_set([])), EMPTY_STORE)

    assert getattr(driver.figures, name) == 1
    assert driver.progress() == ""


async def test_a_foreign_change_counts_once_until_it_is_gone() -> None:
    clock = VirtualClock()
    driver = MeteredDriver(Changed(clock), clock)

    await driver.observe()
    await driver.observe()

    assert driver.figures.foreign == 1


async def test_each_change_of_somebody_else_is_handed_over_once() -> None:
    clock = VirtualClock()
    inner = Changed(clock)
    driver = MeteredDriver(inner, clock)

    await driver.observe()
    inner.reason = "jane's is gone"
    await driver.observe()

    taken = [driver.take_stop() for _ in range(3)]
    assert [each and each.message for each in taken] == ["bob's is gone", "jane's is gone", None]
