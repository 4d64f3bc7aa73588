"""Every backend that a changing set of hosts names, at the cost of the hosts that change."""

from collections.abc import Iterator

from bascule.routing.model import Backend, Host


class BackendCatalog:
    """Backends by name, each counted once per route that names it."""

    def __init__(self) -> None:
        self._by_name: dict[str, Backend] = {}
        self._uses: dict[str, int] = {}
        self._names: list[str] = []
        self._is_sorted = True

    def add(self, host: Host) -> None:
        """Count in what `host` names; the newest word on a backend stands."""
        for backend in _backends(host):
            name = backend.name
            self._uses[name] = self._uses.get(name, 0) + 1
            self._is_sorted &= name in self._by_name
            self._by_name[name] = backend

    def drop(self, host: Host) -> None:
        """Count out what `host` names; a backend that nothing names any more is gone."""
        for backend in _backends(host):
            name = backend.name
            self._uses[name] -= 1
            if not self._uses[name]:
                del self._uses[name], self._by_name[name]
                self._is_sorted = False

    def all(self) -> tuple[Backend, ...]:
        """Return every backend, sorted by name."""
        if not self._is_sorted:
            self._names = sorted(self._by_name)
            self._is_sorted = True
        return tuple([self._by_name[name] for name in self._names])


def _backends(host: Host) -> Iterator[Backend]:
    for route in host.routes:
        if route.blue is not None:
            yield route.blue
        if route.green is not None:
            yield route.green
