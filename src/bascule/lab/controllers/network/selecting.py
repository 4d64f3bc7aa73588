"""Which pods a Service selects and which Services select a pod, without looking at all of them.

Both sides are indexed by one label of the selector, so a change costs what it touches.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Object = dict[str, Any]


class Label(NamedTuple):
    """A label in a namespace."""

    namespace: str
    key: str
    value: str


class SelectionIndex:
    """Kept up to date by the controller that owns it."""

    def __init__(self) -> None:
        self._pods_by_label: dict[Label, set[str]] = {}
        self._labels_by_pod: dict[tuple[str, str], Mapping[str, str]] = {}
        self._services_by_label: dict[Label, set[str]] = {}
        self._selector_by_service: dict[tuple[str, str], Mapping[str, str]] = {}

    def note_pod(self, namespace: str, name: str, labels: Mapping[str, str] | None) -> None:
        """Take a pod's labels; None: it is gone."""
        old = self._labels_by_pod.pop((namespace, name), {})
        for key, value in old.items():
            _discard(self._pods_by_label, Label(namespace, key, value), name)
        if labels is None:
            return
        self._labels_by_pod[namespace, name] = labels
        for key, value in labels.items():
            self._pods_by_label.setdefault(Label(namespace, key, value), set()).add(name)

    def note_service(self, namespace: str, name: str, selector: Mapping[str, str] | None) -> None:
        """Take a Service's selector; None or empty: it selects nothing."""
        old = self._selector_by_service.pop((namespace, name), {})
        if old:
            _discard(self._services_by_label, _first(namespace, old), name)
        if selector:
            self._selector_by_service[namespace, name] = selector
            self._services_by_label.setdefault(_first(namespace, selector), set()).add(name)

    def pods_of(self, namespace: str, name: str) -> list[str]:
        """Return the names of the pods that a Service selects, sorted."""
        selector = self._selector_by_service.get((namespace, name), {})
        if not selector:
            return []
        sets = [
            self._pods_by_label.get(Label(namespace, key, value), set())
            for key, value in selector.items()
        ]
        sets.sort(key=len)
        return sorted(sets[0].intersection(*sets[1:]))

    def services_of(self, namespace: str, labels: Mapping[str, str]) -> Iterable[str]:
        """Yield the names of the Services that select a pod with these labels."""
        for key, value in labels.items():
            for name in self._services_by_label.get(Label(namespace, key, value), ()):
                selector = self._selector_by_service[namespace, name]
                if all(labels.get(k) == v for k, v in selector.items()):
                    yield name


def _first(namespace: str, selector: Mapping[str, str]) -> Label:
    key = min(selector)
    return Label(namespace, key, selector[key])


def _discard(sets: dict[Label, set[str]], label: Label, name: str) -> None:
    names = sets.get(label)
    if names is not None:
        names.discard(name)
        if not names:
            del sets[label]
