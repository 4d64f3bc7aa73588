"""Events: what controllers tell people, where `kubectl describe` shows it."""

from collections import deque
from typing import Any, NamedTuple

from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Store, timestamp

EVENTS_MAX = 5_000
"""Older Events are deleted, as the hour's time to live would."""

Object = dict[str, Any]


class Note(NamedTuple):
    """What to say; `type` is Normal or Warning."""

    reason: str
    message: str
    type: str = "Normal"


class _Place(NamedTuple):
    namespace: str
    name: str


class EventRecorder:
    """Writes Events for one component; the same one again only raises its count."""

    def __init__(self, store: Store, component: str) -> None:
        self._store = store
        self._component = component
        self._known: dict[tuple[str, Note], _Place] = {}
        self._written: deque[tuple[str, Note]] = deque()
        self._last_stamp = 0

    def record(self, about: Object, note: Note, *, host: str = "", field: str = "") -> None:
        """Say something about an object; an Event that cannot be written is dropped."""
        key = (about["metadata"]["uid"] + field, note)
        place = self._known.get(key)
        event = self._store.find("events", place.name, place.namespace) if place else None
        try:
            if event is None:
                self._create(about, key, (host, field))
            else:
                self._repeat(event)
        except StatusError:
            return

    def _repeat(self, event: Object) -> None:
        now = timestamp(self._store.clock.now())
        again = {**event, "count": event.get("count", 1) + 1, "lastTimestamp": now}
        self._store.update("events", again)

    def _create(self, about: Object, key: tuple[str, Note], where: tuple[str, str]) -> None:
        host, field = where
        note = key[1]
        now = timestamp(self._store.clock.now())
        metadata = about["metadata"]
        namespace = metadata.get("namespace") or "default"
        involved = {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        }
        if metadata.get("namespace"):
            involved["namespace"] = metadata["namespace"]
        if field:
            involved["fieldPath"] = field
        event = {
            "metadata": {"name": f"{metadata['name']}.{self._stamp():x}", "namespace": namespace},
            "involvedObject": involved,
            "reason": note.reason,
            "message": note.message,
            "type": note.type,
            "source": {"component": self._component, **({"host": host} if host else {})},
            "reportingComponent": self._component,
            "reportingInstance": host,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "eventTime": None,
            "count": 1,
        }
        created = self._store.create("events", event)
        self._known[key] = _Place(namespace, created["metadata"]["name"])
        self._written.append(key)
        if len(self._written) > EVENTS_MAX:
            self._forget(self._written.popleft())

    def _stamp(self) -> int:
        """Return a number that rises with time, so that Events sort as they came."""
        nanoseconds = int(self._store.clock.now().timestamp() * 1e6) * 1000
        self._last_stamp = max(nanoseconds, self._last_stamp + 1)
        return self._last_stamp

    def _forget(self, key: tuple[str, Note]) -> None:
        place = self._known.pop(key, None)
        if place and self._store.find("events", place.name, place.namespace):
            self._store.delete("events", place.name, place.namespace)
