"""What one Envoy has subscribed to, was sent, and has acknowledged: delta xDS without IO.

The order is make before break, kept for each Envoy by itself, so that every state that it passes
through is whole: clusters and endpoints are added at once; listeners and routes are sent when the
clusters that they name are acknowledged, which Envoy does once they are warm; what nothing names
any more goes when the routes are acknowledged, and so do endpoints that became none. The runtime
goes first, but for an Envoy that comes back with an older one: that keeps it until it has our
routes, since its keys outrank weights which may be older still.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bascule.gateway.envoy.snapshot import (
    Delta,
    Kind,
    Resource,
    Snapshot,
    diff_versions,
    is_empty_assignment,
)

REASON_LENGTH_MAX = 2_000
RESOURCES_MAX = 500
"""How many resources one message holds: a switch has to wait for one message, not for all."""
IN_FLIGHT = ""
"""The version of what may be in force or not: no resource has it."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """An update that an Envoy refused; it kept what it had."""

    node: str
    kind: Kind
    versions: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """How a kind differs from `before`, the mapping that was published before this one."""

    before: object
    delta: Delta


@dataclass(slots=True)
class Subscription:
    """One kind on one stream."""

    is_wildcard: bool = False
    names: set[str] = field(default_factory=set)
    sent: dict[str, str] = field(default_factory=dict)
    acked: dict[str, str] = field(default_factory=dict)
    """What the Envoy holds; IN_FLIGHT for what it was sent and has not answered yet."""
    told_missing: set[str] = field(default_factory=set)
    in_flight: dict[str, Delta] = field(default_factory=dict)
    rejection: Rejection | None = None
    seen: object = None
    """The mapping that was last sent as a whole: the same object needs no new comparison."""


class Session:
    """The state of one delta xDS stream. Feed it requests; ask it what to send."""

    def __init__(self) -> None:
        self.node = ""
        self._by_kind: dict[Kind, Subscription] = {}
        self._nonces = 0
        self._is_resuming = False

    def handle(self, request: Any) -> Kind | None:
        """Take in a request; return its kind, or None for a kind that we do not serve."""
        try:
            kind = Kind(request.type_url)
        except ValueError:
            return None
        if request.node.id:
            self.node = request.node.id
        is_first = kind not in self._by_kind
        subscription = self._by_kind.setdefault(kind, Subscription())
        if is_first:
            subscription.sent.update(request.initial_resource_versions)
            subscription.acked.update(request.initial_resource_versions)
            self._is_resuming |= kind is Kind.RUNTIME and bool(request.initial_resource_versions)
            # Only these two mean everything by naming nothing.
            names_nothing = not request.resource_names_subscribe
            subscription.is_wildcard = names_nothing and kind in {Kind.CLUSTER, Kind.LISTENER}
        _subscribe(subscription, request, is_first=is_first)
        if request.response_nonce:
            self._settle(kind, subscription, request)
        return kind

    def _settle(self, kind: Kind, subscription: Subscription, request: Any) -> None:
        delta = subscription.in_flight.pop(request.response_nonce, None)
        if delta is None:
            return
        if request.HasField("error_detail"):
            versions = {r.name: r.version for r in delta.changed}
            reason = request.error_detail.message[:REASON_LENGTH_MAX]
            subscription.rejection = Rejection(self.node, kind, versions, reason)
            # Some of it may have been taken: whatever comes next must replace or remove it.
            subscription.sent.update(dict.fromkeys(versions, IN_FLIGHT))
            return
        later = {r.name for d in subscription.in_flight.values() for r in d.changed}
        subscription.acked.update((r.name, r.version) for r in delta.changed if r.name not in later)
        for name in delta.removed:
            subscription.acked.pop(name, None)

    def next_delta(
        self, kind: Kind, snapshot: Snapshot, change: Change | None = None
    ) -> tuple[str, Delta] | None:
        """Return a nonce and what is to be sent of `kind` now, and count it as sent.

        `change` saves the comparison for an Envoy that has all of what was there before it.
        """
        subscription = self._by_kind.get(kind)
        if subscription is None:
            return None
        wanted = snapshot.of(kind)
        if subscription.seen is wanted:
            return None
        if change is not None and subscription.seen is change.before:
            missing = _affected(subscription, change.delta)
        else:
            missing = _missing(subscription, wanted)
        delta = missing if missing.is_empty else self._hold_back(kind, missing, snapshot)
        delta = _first_part(delta)
        if delta == missing:
            subscription.seen = wanted
            self._is_resuming &= kind is not Kind.RUNTIME
        if delta.is_empty:
            return None
        if subscription.seen is not wanted:
            subscription.seen = None  # The change from before is no longer what is missing.
        self._nonces += 1
        nonce = str(self._nonces)
        _count_as_sent(subscription, nonce, delta)
        if kind is Kind.CLUSTER:
            self._forget_endpoints(delta)
        return nonce, delta

    def _hold_back(self, kind: Kind, delta: Delta, snapshot: Snapshot) -> Delta:
        """Return what of `delta` may be sent now; see the module for the order."""
        match kind:
            case Kind.RUNTIME:
                if self._is_resuming and not self._has_routes(snapshot):
                    return Delta()
            case Kind.CLUSTER:
                if delta.removed and not self._has_routes(snapshot):
                    return Delta(delta.changed)
            case Kind.ENDPOINTS:
                emptied = [r for r in delta.changed if self._empties(r)]
                if emptied and not self._has_routes(snapshot):
                    filled = tuple(r for r in delta.changed if r not in emptied)
                    return Delta(filled, delta.removed)
            case Kind.SECRET:
                pass
            case Kind.LISTENER | Kind.ROUTES:
                if not self.is_current(Kind.CLUSTER, snapshot):
                    return Delta()
        return delta

    def _empties(self, resource: Resource) -> bool:
        """Whether this takes away the last endpoint of a cluster that had one."""
        return resource.name in self._by_kind[Kind.ENDPOINTS].acked and is_empty_assignment(
            resource
        )

    def _has_routes(self, snapshot: Snapshot) -> bool:
        return self.is_current(Kind.LISTENER, snapshot) and self.is_current(Kind.ROUTES, snapshot)

    def _forget_endpoints(self, delta: Delta) -> None:
        # A cluster that changes is warmed anew and waits for its endpoints, sent before or not.
        endpoints = self._by_kind.get(Kind.ENDPOINTS)
        if endpoints is not None:
            for resource in delta.changed:
                endpoints.sent.pop(resource.name, None)
                endpoints.acked.pop(resource.name, None)
            endpoints.seen = None

    def has_acknowledged(self, kind: Kind, name: str, version: str | None) -> bool:
        """Whether the Envoy holds `name` in `version`, or holds it no more (None)."""
        subscription = self._by_kind.get(kind)
        if subscription is None:
            return version is None
        return subscription.acked.get(name) == version

    def is_current(self, kind: Kind, snapshot: Snapshot) -> bool:
        """Whether the Envoy holds all of `kind` in the snapshot's versions."""
        subscription = self._by_kind.get(kind)
        wanted = snapshot.of(kind)
        if subscription is None:
            return not wanted
        acked = subscription.acked
        return all(acked.get(name) == resource.version for name, resource in wanted.items())

    def rejections(self) -> Iterator[Rejection]:
        """Yield the refusals that stand."""
        for subscription in self._by_kind.values():
            if subscription.rejection is not None:
                yield subscription.rejection

    def forgive(self, kind: Kind) -> None:
        """Let what was refused of `kind` be sent once more."""
        subscription = self._by_kind.get(kind)
        if subscription is not None and subscription.rejection is not None:
            subscription.rejection = None
            subscription.seen = None


def _subscribe(subscription: Subscription, request: Any, *, is_first: bool) -> None:
    asked = set(request.resource_names_subscribe)
    subscription.is_wildcard |= "*" in asked
    for name in asked - {"*"}:
        subscription.names.add(name)
        if not is_first:
            # Asked for once more: the client has forgotten it, whatever was sent before.
            subscription.sent.pop(name, None)
        subscription.told_missing.discard(name)
        subscription.seen = None
    for name in request.resource_names_unsubscribe:
        subscription.names.discard(name)
        subscription.sent.pop(name, None)
        subscription.acked.pop(name, None)
        subscription.told_missing.discard(name)


def _missing(subscription: Subscription, wanted: Mapping[str, Resource]) -> Delta:
    names = subscription.names
    if subscription.is_wildcard:
        names = names | wanted.keys() | subscription.sent.keys()
    delta = diff_versions(subscription.sent, wanted, names)
    refused = {} if subscription.rejection is None else subscription.rejection.versions
    return Delta(
        tuple(r for r in delta.changed if refused.get(r.name) != r.version),
        tuple(name for name in delta.removed if name not in subscription.told_missing),
    )


def _first_part(delta: Delta) -> Delta:
    """Return as much as one message should hold; what is left out is found missing again."""
    if len(delta.changed) <= RESOURCES_MAX:
        return delta
    return Delta(delta.changed[:RESOURCES_MAX])


def _affected(subscription: Subscription, delta: Delta) -> Delta:
    if subscription.is_wildcard:
        return delta
    names = subscription.names
    return Delta(
        tuple(r for r in delta.changed if r.name in names),
        tuple(name for name in delta.removed if name in names),
    )


def _count_as_sent(subscription: Subscription, nonce: str, delta: Delta) -> None:
    for resource in delta.changed:
        subscription.sent[resource.name] = resource.version
        subscription.acked[resource.name] = IN_FLIGHT
        subscription.told_missing.discard(resource.name)
    for name in delta.removed:
        subscription.sent.pop(name, None)
        subscription.told_missing.add(name)
    subscription.in_flight[nonce] = delta
