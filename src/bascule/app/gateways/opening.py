"""A gateway that a runtime works with, of whichever kind."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from bascule.app.metering import MeteredDriver, Timed
from bascule.checks.appgw.facts import AppGwFacts
from bascule.controller.pusher import BACKOFF
from bascule.gateway.driver import MayCancel, cancels_nothing
from bascule.gateway.envoy.process import EnvoyProcess
from bascule.journal.record import Json
from bascule.kube.backoff import Backoff
from bascule.routing.naming import Tags
from bascule.upgrade.events import GatewayKept
from bascule.upgrade.pace import AT_ONCE, Pace
from bascule.upgrade.ports import Backends
from bascule.upgrade.run.asking import NO_BACKENDS


def ignore_upgrades(is_moving: Callable[[], bool]) -> None:
    """Do the same whether an upgrade moves traffic or not."""
    del is_moving


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGateway:
    """What is held open of one gateway while a runtime works."""

    driver: MeteredDriver
    watch: Callable[[], Coroutine[None, None, None]]
    """Raises StaleWriterError when another owner has taken over; waits for it for ever."""
    describe: Callable[[], Mapping[str, Json]]
    """What `status` tells of it beside what is live, by names of its own."""
    set_tags: Callable[[Tags], None]
    """Takes what backends are called, before the first `apply`."""
    pace: Pace = AT_ONCE
    retry: Backoff = BACKOFF
    """How long to wait before a table is sent again that was not taken."""
    addresses: tuple[str, ...] = ()
    """At which clients reach it, where the gateway itself says so."""
    other_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """At which clients reach Ingresses that have this annotation, with the value `true`."""
    shared: MeteredDriver | None = None
    """Of the gateway that others may write too; None: there is no such."""
    follow_upgrade: Callable[[Callable[[], bool]], None] = ignore_upgrades
    """Takes what tells whether an upgrade moves traffic now."""
    may_cancel: MayCancel = cancels_nothing
    waited_for: Callable[[], tuple[str, ...]] = tuple
    """Whose operations keep our own change waiting now, as the cloud names them."""
    puts: Timed | None = None
    """Its updates in Azure; None where it is not there."""
    look: Callable[[], Awaitable[AppGwFacts]] | None = None
    """Looks at it in Azure, for checks; None where it is not there."""
    backends: Backends = NO_BACKENDS
    """Who asks it how it finds its backends."""
    beside: tuple[Callable[[], Coroutine[None, None, None]], ...] = ()
    """What goes on as long as it is open, beside `watch`."""
    kept: GatewayKept | None = None
    """What was there before us; to be recorded, once, before anything is written."""
    azure_id: str = ""
    """Of the gateway in Azure that is written; empty: there is none."""
    process: EnvoyProcess | None = None
    """Our own Envoy, if we run one: not started yet, and it outlives the runtime."""
    xds_port: int | None = None
    """Where Envoys elsewhere come to us."""


Opener: TypeAlias = Callable[[Callable[[], None]], AbstractAsyncContextManager[OpenGateway]]
"""Opens a gateway for whom it is handed: that raises StaleWriterError once it is another's."""
