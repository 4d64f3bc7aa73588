"""The objects of one cluster as routing reads them, from its API server."""

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol, TypeAlias

from bascule.clock import Clock
from bascule.inventory.sources import SOURCES
from bascule.kube.client import KubeClient
from bascule.kube.reflector import DEFAULT_LIMITS, OPTIONAL_LIMITS, Event, reflect
from bascule.manifest.objects import Kind, ManifestObject
from bascule.manifest.parse import parse_object

FeedEvent: TypeAlias = Event[ManifestObject | None]
"""Objects that routing does not read come as None."""


class ClusterFeed(Protocol):
    """Where the controller hears of one cluster."""

    def follow(self, kind: Kind) -> AsyncGenerator[FeedEvent, None]:
        """Yield what happens to the objects of `kind`, for ever, beginning with Synced or Lost."""
        ...


class KubeFeed:
    """Follows the kinds through one client; parses each object as it arrives and drops the rest."""

    def __init__(self, client: KubeClient, *, clock: Clock, rng: random.Random) -> None:
        self._client = client
        self._clock = clock
        self._rng = rng

    async def follow(self, kind: Kind) -> AsyncGenerator[FeedEvent, None]:
        """Yield what happens to the objects of `kind`; of Secrets only those of type TLS."""
        source = SOURCES[kind]
        events = reflect(
            self._client,
            source.resource,
            selection=source.selection,
            keep=parse_object,
            clock=self._clock,
            rng=self._rng,
            limits=OPTIONAL_LIMITS if source.is_optional else DEFAULT_LIMITS,
        )
        async with aclosing(events):
            async for event in events:
                yield event
