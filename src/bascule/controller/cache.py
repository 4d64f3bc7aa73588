"""What is known of one cluster, kept up to date from its feed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import assert_never

from bascule.controller.feed import FeedEvent
from bascule.kube.reflector import Gone, Lost, Put, Resumed, Synced
from bascule.manifest.objects import ALWAYS_READ, EndpointSlice, Kind, ManifestObject
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot


class ClusterState(StrEnum):
    """How well a cluster is known."""

    LOADING = "loading"
    """Its lists are not complete yet."""
    SYNCED = "synced"
    STALE = "stale"
    """Its API is away; what was known last still counts."""
    RETIRED = "retired"
    """It is out of the gateway, and not followed any more."""


class Change(IntEnum):
    """What an event changed; false when it changed nothing that routing reads."""

    NONE = 0
    ORDINARY = 1
    URGENT = 2
    """An endpoint that takes requests is gone or will be: traffic should leave it at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterKnowledge:
    """What is known of a cluster; `since` is when this state began, `reason` why it is stale."""

    state: ClusterState
    since: datetime
    reason: str
    is_complete: bool
    objects: int


class ClusterCache:
    """Feed events in, snapshot out. Raw objects never come here, and nothing is read twice."""

    def __init__(self, now: datetime, kinds: Iterable[Kind] = ALWAYS_READ) -> None:
        self.snapshot: ClusterSnapshot = EMPTY_SNAPSHOT
        self._kinds = frozenset(kinds)
        self._listed: set[Kind] = set()
        self._lost: dict[Kind, str] = {}
        self._state = ClusterState.LOADING
        self._since = now

    def take(self, kind: Kind, event: FeedEvent, now: datetime) -> Change:
        """Take in one event of the feed of `kind`; return what it changed."""
        before = self.snapshot
        match event:
            case Synced(objects):
                self._lost.pop(kind, None)
                self._listed.add(kind)
                self.snapshot = before.with_kind(kind, _known(objects))
            case Put(item):
                self.snapshot = before if item is None else before.with_object(item)
            case Gone(item):
                self.snapshot = before if item is None else before.without(item.ref)
            case Lost(reason):
                self._lost[kind] = reason
            case Resumed():
                self._lost.pop(kind, None)
            case _:
                assert_never(event)
        self._settle(now)
        if self.snapshot is before:
            return Change.NONE
        return Change.URGENT if _is_urgent(event, before) else Change.ORDINARY

    def knowledge(self) -> ClusterKnowledge:
        """Return how well the cluster is known now."""
        return ClusterKnowledge(
            state=self._state,
            since=self._since,
            reason=next(iter(self._lost.values()), ""),
            is_complete=self.snapshot.is_complete,
            objects=len(self.snapshot),
        )

    def _settle(self, now: datetime) -> None:
        is_complete, is_stale = self._listed >= self._kinds, bool(self._lost)
        if (is_complete, is_stale) != (self.snapshot.is_complete, self.snapshot.is_stale):
            self.snapshot = replace(self.snapshot, is_complete=is_complete, is_stale=is_stale)
        state = _state(is_complete=is_complete, is_stale=is_stale)
        if state is not self._state:
            self._state, self._since = state, now


def retired_knowledge(since: datetime) -> ClusterKnowledge:
    """Return what is known of a cluster that is retired: nothing, and that on purpose."""
    return ClusterKnowledge(
        state=ClusterState.RETIRED,
        since=since,
        reason="it is retired",
        is_complete=False,
        objects=0,
    )


def _state(*, is_complete: bool, is_stale: bool) -> ClusterState:
    if is_stale:
        return ClusterState.STALE
    return ClusterState.SYNCED if is_complete else ClusterState.LOADING


def _is_urgent(event: FeedEvent, before: ClusterSnapshot) -> bool:
    match event:
        case Put(EndpointSlice() as item):
            return bool(_ready(before.get(item.ref)) - _ready(item))
        case Gone(EndpointSlice() as item):
            return bool(_ready(before.get(item.ref)))
        case _:
            return False


def _ready(item: ManifestObject | None) -> set[tuple[str, ...]]:
    if not isinstance(item, EndpointSlice):
        return set()
    return {endpoint.addresses for endpoint in item.endpoints if endpoint.is_ready}


def _known(objects: Iterable[ManifestObject | None]) -> list[ManifestObject]:
    return [item for item in objects if item is not None]
