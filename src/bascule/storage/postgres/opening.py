"""Opens a gateway in PostgreSQL, for a guest or for its owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bascule.clock import Clock
from bascule.errors import JournalError
from bascule.ids import GatewayName
from bascule.storage.postgres.lease import (
    RENEWALS_PER_TTL,
    PostgresLease,
    acquire_lease,
    await_lease,
)
from bascule.storage.postgres.link import CALL_TIMEOUT_S, Cursor, Link
from bascule.storage.postgres.store import PostgresStore

RENEWAL_TIMEOUT_MIN_S = 1.0
"""However short a lease is, a database gets this long to answer."""

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.storage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who wants to own a gateway, for how long at a time, and whether to stand by for it."""

    owner: str
    ttl_s: float
    wait: bool = False


@asynccontextmanager
async def open_guest(url: str, shown: str, gateway: GatewayName) -> AsyncIterator[PostgresStore]:
    """Open the store of `gateway` to read, and to put commands."""
    async with _linked(url, shown) as link:
        yield PostgresStore(link, gateway)


@asynccontextmanager
async def open_owner(
    url: str, shown: str, gateway: GatewayName, *, terms: Terms, clock: Clock
) -> AsyncIterator[tuple[PostgresStore, PostgresLease]]:
    """Own `gateway` while the block runs; the lease has a connection of its own."""
    timeout_s = min(max(terms.ttl_s / RENEWALS_PER_TTL, RENEWAL_TIMEOUT_MIN_S), CALL_TIMEOUT_S)
    async with (
        _linked(url, shown, timeout_s=timeout_s) as lease_link,
        _linked(url, shown) as link,
    ):
        acquire = await_lease if terms.wait else acquire_lease
        lease = await acquire(
            lease_link, gateway, owner=terms.owner, clock=clock, ttl_s=terms.ttl_s
        )
        try:
            yield PostgresStore(link, gateway, lease.generation), lease
        finally:
            await _give_back(lease)


async def find_gateways(url: str, shown: str) -> tuple[GatewayName, ...]:
    """Return the gateways that ever had an owner, sorted by name."""

    async def work(cursor: Cursor) -> tuple[GatewayName, ...]:
        await cursor.execute("SELECT gateway FROM bascule.owner ORDER BY gateway")
        return tuple(GatewayName(name) for (name,) in await cursor.fetchall())

    async with _linked(url, shown) as link:
        return await link.read(work)


@asynccontextmanager
async def _linked(
    url: str, shown: str, *, timeout_s: float = CALL_TIMEOUT_S
) -> AsyncIterator[Link]:
    link = Link(url, shown, timeout_s=timeout_s)
    try:
        yield link
    finally:
        await link.close()


async def _give_back(lease: PostgresLease) -> None:
    """Whoever comes next waits for the lease to run out where this fails; nothing else is lost."""
    try:
        await lease.release()
    except JournalError as error:
        _LOG.warning("the lease was not given back", reason=error.message)
