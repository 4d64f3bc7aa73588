"""The health check of a backend, from the probes of the Pods behind it.

Pods may differ, as during a rollout: what most of them ask is asked of all, the first by sorting
where as many ask something else.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from bascule.manifest.objects import Container, EndpointSlice, HttpProbe, Pod
from bascule.routing.model import CheckKind, Endpoint, HealthCheck


def choose_check(
    slices: Iterable[EndpointSlice],
    port_name: str,
    endpoints: Iterable[Endpoint],
    find: Callable[[str], Pod | None],
) -> HealthCheck | None:
    """Return what most Pods behind `endpoints` ask for; of all in the slices when none is there.

    None: they ask for nothing by HTTP, or no Pod is known. `find` gives a Pod by its name.
    """
    chosen = frozenset((item.address, item.port) for item in endpoints)
    used: Counter[HealthCheck | None] = Counter()
    others: Counter[HealthCheck | None] = Counter()
    for name, address, number in _places(slices, port_name):
        pod = find(name)
        if pod is not None:
            votes = used if (address, number) in chosen else others
            votes[find_check(pod, number)] += 1
    return _elect(used or others)


def _places(slices: Iterable[EndpointSlice], port_name: str) -> Iterator[tuple[str, str, int]]:
    """Yield Pod, address and port of each endpoint that has a Pod."""
    for item in slices:
        number = next((number for name, number in item.ports if name == port_name), None)
        if number is None:
            continue
        for endpoint in item.endpoints:
            if endpoint.pod and endpoint.addresses:
                yield endpoint.pod, endpoint.addresses[0], number


def _elect(votes: Counter[HealthCheck | None]) -> HealthCheck | None:
    asked = sorted(check for check in votes if check is not None)
    best = max(asked, key=lambda check: votes[check], default=None)
    return best if best is not None and votes[best] >= votes[None] else None


def find_check(pod: Pod, number: int) -> HealthCheck | None:
    """Return the readiness probe, else the liveness probe, of the container at port `number`.

    That is the first that names the port; else, as nobody has to name ports, the first whose
    probe asks there.
    """
    named = [item for item in pod.containers if any(port == number for _, port in item.ports)]
    if named:
        return _check_of(named[0])
    checks = (_check_of(item) for item in pod.containers)
    return next((check for check in checks if check and check.port == number), None)


def _check_of(container: Container) -> HealthCheck | None:
    for kind, probe in (
        (CheckKind.READINESS, container.readiness),
        (CheckKind.LIVENESS, container.liveness),
    ):
        port = _resolve(container, probe) if probe else None
        if probe and port is not None:
            return HealthCheck(
                kind=kind,
                port=port,
                path=probe.path,
                host=probe.host,
                is_https=probe.is_https,
                interval_s=probe.period_s,
                timeout_s=probe.timeout_s,
                failures=probe.failures,
            )
    return None


def _resolve(container: Container, probe: HttpProbe) -> int | None:
    if isinstance(probe.port, int):
        return probe.port
    return next((number for name, number in container.ports if name == probe.port), None)
