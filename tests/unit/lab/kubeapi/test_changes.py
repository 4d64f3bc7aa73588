import asyncio

import pytest

from bascule.lab.kubeapi import changes
from bascule.lab.kubeapi.changes import Change, Feed, Window
from bascule.lab.kubeapi.refusals import ExpiredError


def change(version: int, resource: str = "pods") -> Change:
    return Change(
        type="ADDED",
        resource=resource,
        namespace="shop",
        name=f"p{version}",
        resource_version=version,
        object={},
        previous=None,
    )


def test_a_full_window_forgets_its_oldest_changes() -> None:
    window = Window(0)
    for version in range(1, changes.WINDOW_MAX + 3):
        window.append(change(version))

    assert window.forgotten_until == 2
    assert window.since(2)[0].resource_version == 3
    with pytest.raises(ExpiredError):
        window.since(1)


async def test_a_reader_waits_for_changes_and_ends_when_closed() -> None:
    feed = Feed()
    subscription = feed.subscribe(("pods",))
    read = []

    async def reader() -> None:
        async for item in subscription:
            read.append(item.name)
            if len(read) == 2:
                subscription.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reader())
        await asyncio.sleep(0)
        feed.publish(change(1))
        feed.publish(change(2, "nodes"))
        feed.publish(change(3))

    feed.publish(change(4))

    assert read == ["p1", "p3"]
    assert subscription.take() == ()


async def test_a_reader_that_is_too_far_behind_has_to_list_again() -> None:
    feed = Feed()
    subscription = feed.subscribe(("pods",))

    for version in range(1, changes.BACKLOG_MAX + 2):
        subscription.push(change(version))

    with pytest.raises(ExpiredError):
        subscription.take()


async def test_listeners_are_called_at_once_and_may_publish_in_turn() -> None:
    feed = Feed()
    heard: list[int] = []

    def listen(item: Change) -> None:
        heard.append(item.resource_version)
        if item.resource_version == 1:
            feed.publish(change(2))

    feed.listen("pods", listen)
    feed.listen("pods", listen)
    feed.publish(change(1))

    assert heard == [1, 2]


async def test_one_resource_can_be_forgotten_alone() -> None:
    feed = Feed()
    feed.publish(change(1))
    feed.publish(change(2, "nodes"))

    feed.forget(2, ("pods",))

    assert [item.resource_version for item in feed.subscribe(("nodes",), since=1).take()] == [2]
    with pytest.raises(ExpiredError):
        feed.subscribe(("pods",), since=1)
