"""Events: what controllers tell people, where `kubectl describe` shows it."""

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from bascule.lab.controllers.conditions import seconds_since
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Store, timestamp

EVENTS_MAX = 2_000
"""Events that one component keeps; the oldest goes for a new one."""
TIME_TO_LIVE_S = 3_600.0

Object = dict[str, Any]


class Note(NamedTuple):
    """What to say; `type` is Normal or Warning."""

    reason: str
    message: str
    type: str = "Normal"


class _Place(NamedTuple):
    namespace: str
    name: str


class EventExpiry:
    """Deletes Events an hour after they were last said."""

    resources = ("events",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def keys(self, change: Change) -> Iterable[Key]:
        """Name a new Event."""
        return (Key(change.namespace, change.name),) if change.type == "ADDED" else ()

    def reconcile(self, key: Key) -> float | None:
        """Delete one Event whose time has come; return the seconds until then."""
        event = self._store.find("events", key.name, key.namespace)
        if event is None:
            return None
        said = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
        age_s = seconds_since(said, self._store.clock.now())
        if age_s < TIME_TO_LIVE_S:
            return TIME_TO_LIVE_S - age_s
        self._store.delete("events", key.name, key.namespace)
        return None


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
            "metadata": {"name": self._name(metadata["name"], namespace), "namespace": namespace},
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

    def _name(self, about: str, namespace: str) -> str:
        """Return a free name that rises with time, so that Events sort as they came."""
        self._last_stamp = max(
            int(self._store.clock.now().timestamp() * 1e6) * 1000, self._last_stamp + 1
        )
        while self._store.find("events", f"{about}.{self._last_stamp:x}", namespace):
            self._last_stamp += 1
        return f"{about}.{self._last_stamp:x}"

    def _forget(self, key: tuple[str, Note]) -> None:
        place = self._known.pop(key, None)
        if place and self._store.find("events", place.name, place.namespace):
            self._store.delete("events", place.name, place.namespace)
