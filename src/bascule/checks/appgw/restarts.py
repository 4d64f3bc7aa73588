"""Checks whether pods outlive the gateway's knowledge of them, when they are restarted.

A gateway that sends to pods goes on sending to one that ends until an update of it is over. A pod
answers meanwhile for as long as its preStop lasts; after that it depends on its program.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bascule.checks.azure.blocking import warning
from bascule.checks.findings import Finding
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_names
from bascule.gateway.driver import UpdateTimes
from bascule.ids import Cluster
from bascule.manifest.objects import Container, Pod
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.spec.durations import render_about

_WAY = (
    "say `backends: loadBalancer`, which knows of pods at once; or give them a preStop that sleeps"
    " for {least} and a terminationGracePeriodSeconds of more"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """A Service that the gateway sends to, and how its quickest pod ends."""

    name: str
    stays_s: int | None
    """So long its pods surely answer after they are told to go; None: none of them says."""
    is_certain: bool
    """Whether all of them say."""

    def is_shorter(self, seconds: float) -> bool:
        """Return whether a pod is known to answer for less."""
        return self.stays_s is not None and self.stays_s < seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Behind:
    """A pod behind a Service, and the numbers of the ports that the Service sends to."""

    pod: Pod
    ports: frozenset[int]


def check_restarts(inventory: Inventory) -> tuple[Finding, ...]:
    """Return which Services' users see errors when pods are restarted, in each cluster."""
    facts = inventory.appgw
    if facts is None or not facts.sends_to_pods:
        return ()
    found: list[Finding] = []
    for cluster in sorted(inventory.clusters):
        found += _judge(cluster, list(_list_services(inventory, cluster)), facts.update)
    return tuple(found)


def _judge(cluster: Cluster, services: list[_Service], update: UpdateTimes) -> Iterator[Finding]:
    mostly, least = (render_about(each) for each in (update.median_s, update.p90_s))
    times = f"mostly {mostly}, one in ten over {least}"
    short = [each for each in services if each.is_shorter(update.p90_s)]
    unknown = [each for each in services if not each.is_certain and each not in short]
    way = _WAY.format(least=least)
    if short:
        names = render_names([f"{each.name} ({each.stays_s} s)" for each in short], "Services")
        yield warning(
            "RestartsFail",
            cluster.value,
            f"pods in {cluster} answer for less time after they are told to end than an update of"
            f" the gateway takes ({times}): {names}; with each restart of their own, users may"
            " see 502",
            way,
        )
    if unknown:
        names = render_names([each.name for each in unknown], "Services")
        yield warning(
            "RestartsUnknown",
            cluster.value,
            f"whether pods in {cluster} answer until an update of the gateway is over ({times})"
            f" cannot be told from their preStop: {names}",
            f"see that it lasts; or {way}",
        )


def _list_services(inventory: Inventory, cluster: Cluster) -> Iterator[_Service]:
    """Yield the Services that routes lead to in a cluster, where their pods are known."""
    used = {
        (backend.namespace, backend.service)
        for host in inventory.routes.hosts
        for route in host.routes
        if (backend := route.backend(cluster)) is not None
    }
    snapshot = inventory.clusters[cluster].snapshot
    pods = _find_pods(snapshot)
    for namespace, service in sorted(used):
        behind = pods.get((namespace, service), [])
        if behind:
            yield _describe(f"{namespace}/{service}", behind)


def _find_pods(snapshot: ClusterSnapshot) -> dict[tuple[str, str], list[_Behind]]:
    """Return the pods behind each Service."""
    found: dict[tuple[str, str], list[_Behind]] = {}
    for piece in snapshot.endpoint_slices():
        namespace = piece.meta.namespace
        ports = frozenset(number for _, number in piece.ports)
        for endpoint in piece.endpoints:
            pod = snapshot.pod(namespace, endpoint.pod)
            if pod is not None:
                behind = _Behind(pod=pod, ports=ports)
                found.setdefault((namespace, piece.service), []).append(behind)
    return found


def _describe(name: str, behind: list[_Behind]) -> _Service:
    told = [
        None if each.pre_stop_s is None else min(each.pre_stop_s, one.pod.grace_s)
        for one in behind
        for each in _serving(one)
    ]
    known = [stays_s for stays_s in told if stays_s is not None]
    return _Service(name=name, stays_s=min(known, default=None), is_certain=None not in told)


def _serving(behind: _Behind) -> tuple[Container, ...]:
    """Return the containers at the Service's ports, else those with ports, else all."""
    containers = behind.pod.containers
    asked = tuple(c for c in containers if any(port in behind.ports for _, port in c.ports))
    return asked or tuple(c for c in containers if c.ports) or containers
