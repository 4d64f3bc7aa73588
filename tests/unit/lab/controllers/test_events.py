from typing import Any

import pytest

from bascule.lab.controllers import events
from bascule.lab.controllers.events import EventExpiry, EventRecorder, Note
from tests.support.lab_plane import Plane

Object = dict[str, Any]
NOTE = Note("Started", "Container started")


@pytest.fixture
def world() -> Plane:
    world = Plane()
    world.controllers = [EventExpiry(world.store)]
    return world


def about(world: Plane, name: str = "web") -> Object:
    return world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}})


def test_the_same_again_raises_the_count(world: Plane) -> None:
    pod = about(world)
    recorder = EventRecorder(world.store, "kubelet")

    recorder.record(pod, NOTE, host="node-1", field="spec.containers{a}")
    world.clock.move(5)
    recorder.record(pod, NOTE, host="node-1", field="spec.containers{a}")

    [event] = world.store.list("events", "default").items
    assert event["count"] == 2
    assert event["firstTimestamp"] != event["lastTimestamp"]
    assert event["involvedObject"]["fieldPath"] == "spec.containers{a}"
    assert event["source"] == {"component": "kubelet", "host": "node-1"}


def test_events_come_in_the_order_in_which_they_were_said(world: Plane) -> None:
    pod = about(world)
    for component in ("b", "a"):
        for reason in ("One", "Two"):
            EventRecorder(world.store, component).record(pod, Note(f"{reason}{component}", "x"))

    assert world.reasons("Pod") == ["Oneb", "Twob", "Onea", "Twoa"]


def test_events_about_what_has_no_namespace_lie_in_default(world: Plane) -> None:
    node = world.store.create("nodes", {"metadata": {"name": "node-1"}})

    EventRecorder(world.store, "x").record(node, NOTE)

    assert world.names("events")[0].startswith("node-1.")


def test_an_event_that_cannot_be_written_is_dropped(world: Plane) -> None:
    pod = about(world)
    pod = {**pod, "metadata": {**pod["metadata"], "namespace": "gone"}}

    EventRecorder(world.store, "x").record(pod, NOTE)

    assert world.store.list("events").items == []


def test_the_oldest_goes_when_a_component_says_too_much(world: Plane) -> None:
    pod = about(world)
    recorder = EventRecorder(world.store, "x")

    for number in range(events.EVENTS_MAX + 3):
        recorder.record(pod, Note("Again", str(number)))

    found = world.store.list("events").items
    assert len(found) == events.EVENTS_MAX
    assert found[0]["message"] == "3"


def test_events_go_after_an_hour(world: Plane) -> None:
    EventRecorder(world.store, "x").record(about(world), NOTE)
    world.settle()

    world.after(1_800)
    assert len(world.names("events")) == 1

    world.after(1_801)
    assert world.names("events") == []
