import asyncio
import gc
from collections.abc import Iterator

import pytest

from bascule.app.collector import LOOK_S, THRESHOLDS, keep_aside
from tests.support.virtual_clock import VirtualClock


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


async def test_what_there_is_is_put_aside_when_it_has_grown_much() -> None:
    clock, counts, frozen = VirtualClock(), [0, 100, 110, 130], list[int]()
    seen = iter(counts)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_aside(lambda: next(seen), clock))
        for _ in counts:
            await clock.settle()
            frozen.append(gc.get_freeze_count())
            gc.unfreeze()
            await clock.advance(LOOK_S) if len(frozen) < len(counts) else task.cancel()

    assert gc.get_threshold() == THRESHOLDS
    assert [count > 0 for count in frozen] == [False, True, False, True]
