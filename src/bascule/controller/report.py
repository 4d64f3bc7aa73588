"""Tells a cluster what the gateway makes of its objects: Events, and addresses of Ingresses.

It never keeps anybody waiting: what cannot be written is tried again later, or left out.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from bascule.clock import Clock
from bascule.controller.agenda import Agenda
from bascule.controller.bell import Bell
from bascule.controller.event_body import RESOURCE_BY_KIND, build_event, build_repeat, event_name
from bascule.errors import (
    ApiError,
    BasculeError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    SpecError,
    TransportError,
)
from bascule.ids import Cluster
from bascule.kube import resources
from bascule.kube.client import KubeClient, RawObject, WriteOptions
from bascule.routing.model import IngressRef, Problem, Route, RouteSet

WRITE_PAUSE_S = 0.1
RETRY_S = 60.0
IDLE_S = 3600.0
_FAILURES = (ApiError, TransportError, SpecError)
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.controller")


class Reporter(Protocol):
    """Where the controller says what it found. Both calls return at once."""

    def tell_problems(self, problems: Iterable[Problem]) -> None:
        """Say that these are all the problems that there are now."""
        ...

    def tell_applied(self, routes: RouteSet, problems: Iterable[Problem] = ()) -> None:
        """Say that the gateway has acknowledged `routes`; `problems` are all that it has of it."""
        ...

    async def keep_reported(self) -> None:
        """Write what was told, until cancelled."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What to write: Events, and `addresses` (IP) into `status.loadBalancer` where there are any.

    Nothing else is ever written to a cluster.
    """

    has_events: bool = True
    addresses: tuple[str, ...] = ()
    other_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is written instead into Ingresses that have this annotation, with the value `true`."""


class KubeReporter:
    """Implements `Reporter` for one cluster through its API."""

    def __init__(
        self, client: KubeClient, cluster: Cluster, *, clock: Clock, options: ReportOptions
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._clock = clock
        self._options = options
        self._agenda = Agenda()
        self._problems: tuple[Problem, ...] = ()
        """Of the newest table."""
        self._gateway_problems: tuple[Problem, ...] = ()
        """What the gateway made otherwise of the table that is live."""
        self._problems_told = Bell()
        self._applied: RouteSet | None = None
        self._applied_told = Bell()
        self._addressed: dict[IngressRef, tuple[str, ...]] = {}

    def tell_problems(self, problems: Iterable[Problem]) -> None:
        """Say that these are all the problems that there are now; those of others are left out."""
        self._problems = self._choose(problems)
        self._take_problems()

    def tell_applied(self, routes: RouteSet, problems: Iterable[Problem] = ()) -> None:
        """Say that the gateway has acknowledged `routes`; `problems` are all that it has of it."""
        former, self._gateway_problems = self._gateway_problems, self._choose(problems)
        if former != self._gateway_problems:
            self._take_problems()
        self._applied = routes
        self._applied_told.ring()

    def _choose(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        return tuple(
            p for p in problems if p.cluster is self._cluster and p.kind in RESOURCE_BY_KIND
        )

    def _take_problems(self) -> None:
        both = (*self._problems, *self._gateway_problems)
        self._agenda.take(both, self._clock.monotonic_s())
        self._problems_told.ring()

    async def keep_reported(self) -> None:
        """Write what was told, until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self._options.has_events:
                group.create_task(self._keep_events())
            if self._options.addresses:
                group.create_task(self._keep_addresses())

    async def _keep_events(self) -> None:
        while True:
            now_s = self._clock.monotonic_s()
            next_s = self._agenda.next_due_s()
            await self._problems_told.wait_until(
                self._clock, now_s + IDLE_S if next_s is None else next_s
            )
            for problem in self._agenda.due(self._clock.monotonic_s()):
                try:
                    await self._write_event(problem)
                    self._agenda.note_reported(problem, self._clock.monotonic_s())
                except _FAILURES as error:
                    self._agenda.postpone(problem, self._clock.monotonic_s() + RETRY_S)
                    self._log("no event was written", error)
                await self._pause()

    async def _write_event(self, problem: Problem) -> None:
        """Write the Event of `problem`, or count it up; an object that is gone needs none."""
        try:
            uid = await self._fetch_uid(problem)
        except NotFoundError:
            return
        event = build_event(problem, uid=uid, now=self._clock.now())
        try:
            await self._client.create(resources.EVENTS, event)
        except ConflictError:
            await self._repeat_event(problem)

    async def _repeat_event(self, problem: Problem) -> None:
        name, namespace = event_name(problem), problem.namespace or "default"
        found = await self._client.get(resources.EVENTS, name, namespace=namespace)
        count = found.get("count")
        patch = build_repeat(count + 1 if isinstance(count, int) else 1, self._clock.now())
        await self._client.patch(resources.EVENTS, name, patch, namespace=namespace)

    async def _fetch_uid(self, problem: Problem) -> str:
        """Return the uid by which `kubectl describe` finds Events; empty if we may not look."""
        resource = RESOURCE_BY_KIND[problem.kind]
        try:
            found = await self._client.get(resource, problem.name, namespace=problem.namespace)
        except ForbiddenError:
            return ""
        return _uid(found)

    async def _keep_addresses(self) -> None:
        while True:
            await self._applied_told.wait()
            present = _ingresses(self._applied, self._cluster, self._options)
            self._addressed = {r: a for r, a in self._addressed.items() if r in present}
            for ref, addresses in sorted(present.items() - self._addressed.items()):
                try:
                    await self._write_address(ref, addresses)
                except NotFoundError:
                    continue
                except _FAILURES as error:
                    self._log("the address of an Ingress was not written", error)
                    await self._clock.sleep_until(self._clock.monotonic_s() + RETRY_S)
                    self._applied_told.ring()
                    break
                self._addressed[ref] = addresses
                await self._pause()

    async def _write_address(self, ref: IngressRef, addresses: tuple[str, ...]) -> None:
        places = [{"ip": address} for address in addresses]
        body = {
            "apiVersion": resources.INGRESSES.api_version,
            "kind": resources.INGRESSES.kind,
            "metadata": {"name": ref.name, "namespace": ref.namespace},
            "status": {"loadBalancer": {"ingress": places}},
        }
        options = WriteOptions(is_forced=True)
        await self._client.apply(resources.INGRESSES, body, options=options, subresource="status")

    async def _pause(self) -> None:
        await self._clock.sleep_until(self._clock.monotonic_s() + WRITE_PAUSE_S)

    def _log(self, what: str, error: BasculeError) -> None:
        _LOG.info(what, cluster=self._cluster.value, reason=error.message)


def _uid(raw: RawObject) -> str:
    metadata = raw.get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    return uid if isinstance(uid, str) else ""


def _ingresses(
    routes: RouteSet | None, cluster: Cluster, options: ReportOptions
) -> dict[IngressRef, tuple[str, ...]]:
    """Return the Ingresses of a cluster with the addresses at which they are served."""
    hosts = routes.hosts if routes is not None else ()
    return {
        source: _addresses(route, options)
        for host in hosts
        for route in host.routes
        for source in route.sources
        if source.cluster is cluster
    }


def _addresses(route: Route, options: ReportOptions) -> tuple[str, ...]:
    for annotation, addresses in options.other_addresses.items():
        if route.extensions.get(annotation, "").lower() == "true":
            return addresses
    return options.addresses
