import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable

import pytest

from bascule.lab.controllers.ownership import key_of
from bascule.lab.controllers.work import Dispatcher, Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.objects.statuses import StatusError
from tests.support.lab_plane import Plane
from tests.support.waiting import eventually


class Recorder:
    """Notes what it is asked to reconcile, and answers as it was told."""

    resources = ("configmaps",)

    def __init__(self, *answers: float | Exception | None) -> None:
        self.seen: list[str] = []
        self._answers = list(answers)

    def keys(self, change: Change) -> Iterable[Key]:
        return (key_of(change),)

    def reconcile(self, key: Key) -> float | None:
        self.seen.append(key.name)
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextlib.asynccontextmanager
async def running(world: Plane, recorder: Recorder) -> AsyncIterator[None]:
    dispatcher = Dispatcher(world.store, [recorder], asyncio.get_running_loop().time)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(dispatcher.run())
        yield
        task.cancel()


def add(world: Plane, name: str) -> None:
    world.create("configmaps", {"metadata": {"name": name}})


async def test_what_is_there_comes_first_then_what_changes() -> None:
    world, recorder = Plane(), Recorder()
    add(world, "a")

    async with running(world, recorder):
        await eventually(lambda: recorder.seen == ["a"])
        add(world, "b")
        await eventually(lambda: recorder.seen == ["a", "b"])


async def test_many_changes_of_one_object_are_looked_at_once() -> None:
    world, recorder = Plane(), Recorder()

    async with running(world, recorder):
        await asyncio.sleep(0)
        add(world, "a")
        for number in range(5):
            world.change("configmaps", "a", {"data": {"n": str(number)}})
        await eventually(lambda: recorder.seen)
        add(world, "end")
        await eventually(lambda: recorder.seen[-1] == "end")

    assert recorder.seen == ["a", "end"]


async def test_a_key_is_looked_at_again_when_it_asked_for_it() -> None:
    world, recorder = Plane(), Recorder(0.01, 0.02, None)
    add(world, "a")

    async with running(world, recorder):
        await eventually(lambda: recorder.seen == ["a", "a", "a"])


async def test_a_key_that_fails_is_tried_again_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = Plane()
    recorder = Recorder(
        StatusError("conflict", code=409, reason="Conflict"), ValueError("broken"), None
    )
    add(world, "a")
    add(world, "b")

    with caplog.at_level(logging.INFO):
        async with running(world, recorder):
            await eventually(lambda: len(recorder.seen) == 4)

    assert sorted(recorder.seen) == ["a", "a", "b", "b"]
    assert "conflict" in caplog.text
    assert "broken" in caplog.text
