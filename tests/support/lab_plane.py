"""A store with controllers around it that run when told to, on a clock that moves when told to."""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bascule.lab.controllers.conditions import Condition, with_condition
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.work import Controller, Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.lifecycle import AT_ONCE
from bascule.lab.kubeapi.objects.defaults import fill_defaults
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

WORK_MAX = 20_000


class StillClock:
    """A clock that `move` moves."""

    def __init__(self) -> None:
        self._start = datetime(2026, 1, 1, tzinfo=UTC)
        self.passed_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s

    async def sleep_until(self, deadline_s: float) -> None:
        raise NotImplementedError

    def move(self, seconds: float) -> None:
        self.passed_s += seconds


class FakeKubelet:
    """Pods run and are ready as soon as they have a node, unless they are told otherwise."""

    resources = ("pods",)

    def __init__(self, store: Store) -> None:
        self._store = store
        self.unready: set[str] = set()
        """Images whose pods never get ready."""
        self.keeps_terminating = False

    def keys(self, change: Change) -> Iterable[Key]:
        return (key_of(change),)

    def reconcile(self, key: Key) -> float | None:
        pod = self._store.find("pods", key.name, key.namespace)
        if pod is None or (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}:
            return None
        if is_terminating(pod):
            if not self.keeps_terminating:
                self._store.delete("pods", key.name, key.namespace, AT_ONCE)
            return None
        is_ready = pod["spec"]["containers"][0]["image"] not in self.unready
        set_pod_ready(self._store, pod, is_ready=is_ready)
        return None


class Plane:
    """A cluster without processes; `settle` lets every controller finish."""

    def __init__(self, *, minor: int = 36) -> None:
        self.clock = StillClock()
        self.store = Store(clock=self.clock, rng=Random(1), minor=minor)  # noqa: S311 - names, not secrets
        self.controllers: list[Controller] = []
        self._later: dict[tuple[int, Key], float] = {}
        names = {kind.storage_resource for kind in self.store.kinds()}
        self._subscription = self.store.subscribe(names)
        self.store.create("namespaces", {"metadata": {"name": "default"}})

    def settle(self) -> None:
        """Run all controllers until none has anything to do at this moment."""
        queue: deque[tuple[int, Key]] = deque()
        for resource in sorted(self._subscription.resources):
            for obj in self.store.list(resource).items:
                self._spread(_added(resource, obj), queue)
        for _ in range(WORK_MAX):
            for change in self._subscription.take():
                self._spread(change, queue)
            self._release(queue)
            if not queue:
                return
            self._reconcile(queue.popleft())
        raise AssertionError("the controllers never come to rest")

    def after(self, seconds: float) -> None:
        """Let time pass, then settle."""
        self.clock.move(seconds)
        self.settle()

    def create(self, resource: str, obj: Object) -> Object:
        """Create an object with its defaults, in the namespace `default` unless it says another."""
        obj.setdefault("metadata", {}).setdefault("namespace", "default")
        return self.store.create(resource, fill_defaults(obj))

    def change(self, resource: str, name: str, change: Object) -> Object:
        """Merge a patch into an object of the namespace `default`."""
        return self.store.patch(resource, name, "default", change)

    def get(self, resource: str, name: str) -> Object:
        """Return an object of the namespace `default`."""
        return self.store.get(resource, name, "default")

    def names(self, resource: str) -> list[str]:
        """Return the names of what there is of a resource in the namespace `default`."""
        return [item["metadata"]["name"] for item in self.store.list(resource, "default").items]

    def reasons(self, kind: str) -> list[str]:
        """Return the reasons of the Events about a kind, as they came."""
        events = self.store.list("events").items
        return [item["reason"] for item in events if item["involvedObject"]["kind"] == kind]

    def _spread(self, change: Change, queue: deque[tuple[int, Key]]) -> None:
        for number, controller in enumerate(self.controllers):
            if "*" in controller.resources or change.resource in controller.resources:
                for key in controller.keys(change):
                    if (number, key) not in queue:
                        queue.append((number, key))

    def _release(self, queue: deque[tuple[int, Key]]) -> None:
        for item, due in list(self._later.items()):
            if due <= self.clock.passed_s:
                del self._later[item]
                if item not in queue:
                    queue.append(item)

    def _reconcile(self, item: tuple[int, Key]) -> None:
        again_s = self.controllers[item[0]].reconcile(item[1])
        if again_s is not None:
            self._later[item] = self.clock.passed_s + again_s


def set_pod_ready(store: Store, pod: Object, *, is_ready: bool, address: str = "") -> Object:
    """Write the status of a pod that runs."""
    status = dict(pod.get("status") or {})
    status["phase"] = "Running"
    status["podIP"] = status.get("podIP") or address or _address(pod)
    condition = Condition(type="Ready", status=str(is_ready))
    conditions = with_condition(status.get("conditions"), condition, store.clock.now())
    status["conditions"] = conditions
    return store.update_status("pods", {**pod, "status": status})


def end_pod(store: Store, name: str, phase: str) -> None:
    """Write the status of a pod whose containers have ended for good."""
    store.patch_status("pods", name, "default", {"phase": phase})


def template(app: str = "web", **spec: Any) -> Object:
    """Return a pod template with one container."""
    container = {"name": "main", "image": "example.test/web:1", "ports": [{"containerPort": 8080}]}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **spec}}


def deployment(name: str = "web", replicas: int = 3, **spec: Any) -> Object:
    """Return a Deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name),
            **spec,
        },
    }


def service(name: str = "web", **spec: Any) -> Object:
    """Return a Service that selects the pods of the app of its name."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }


def _address(pod: Object) -> str:
    number = int(pod["metadata"]["uid"].replace("-", "")[:4], 16)
    return f"127.64.{number >> 8}.{number & 255}"


def _added(resource: str, obj: Object) -> Change:
    metadata = obj["metadata"]
    return Change(
        type="ADDED",
        resource=resource,
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        resource_version=int(metadata["resourceVersion"]),
        object=obj,
        previous=None,
    )
