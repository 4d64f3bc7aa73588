"""The lease of a gateway in PostgreSQL: a row whose end is told by the database's clock.

Locally the lease counts from the moment its renewal was *asked for*, less a margin, so that this
process holds itself to be an owner for a shorter time than the database does.
"""

from bascule.clock import Clock
from bascule.errors import JournalError, LeaseLapsedError, LockedError, StaleWriterError
from bascule.ids import GatewayName
from bascule.storage.postgres.link import Cursor, Link
from bascule.storage.postgres.store import LAPSED_REMEDY

RENEWALS_PER_TTL = 3
MARGIN_PER_TTL = 0.2
"""The part of a lease in which its owner no longer begins anything: what it began has ended then,
and the two clocks have drifted by less."""
RETRIES_PER_TTL = 10
WAIT_POLLS_PER_TTL = 10

_ENTER = "INSERT INTO bascule.owner (gateway) VALUES (%s) ON CONFLICT DO NOTHING"
_LOOK = """
SELECT expires_at > clock_timestamp(), owner,
       to_char(acquired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'),
       to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
  FROM bascule.owner WHERE gateway = %s FOR UPDATE"""
_TAKE = """
UPDATE bascule.owner SET generation = generation + 1, owner = %s, acquired_at = clock_timestamp(),
       expires_at = clock_timestamp() + make_interval(secs => %s)
 WHERE gateway = %s RETURNING generation"""
_RENEW = """
UPDATE bascule.owner SET expires_at = clock_timestamp() + make_interval(secs => %s)
 WHERE gateway = %s AND generation = %s RETURNING true"""
_RELEASE = """
UPDATE bascule.owner SET expires_at = '-infinity' WHERE gateway = %s AND generation = %s"""


class PostgresLease:
    """Implements `bascule.journal.store.Lease`; `sent_s` is when it was last asked for."""

    def __init__(
        self,
        link: Link,
        gateway: GatewayName,
        generation: int,
        *,
        clock: Clock,
        ttl_s: float,
        sent_s: float,
    ) -> None:
        self._link = link
        self._gateway = gateway
        self._generation = generation
        self._clock = clock
        self._ttl_s = ttl_s
        self._sent_s = sent_s
        self._lost = ""

    @property
    def generation(self) -> int:
        """The fencing generation."""
        return self._generation

    def check(self) -> None:
        """Return if this process may still write; see `Lease.check`."""
        if self._lost:
            raise StaleWriterError(
                self._lost, remedy="see `bascule status` for the runtime that works now"
            )
        age_s = self._clock.monotonic_s() - self._sent_s
        if age_s > self._ttl_s * (1 - MARGIN_PER_TTL):
            raise LeaseLapsedError(
                f"the lease of gateway {self._gateway} was last renewed {age_s:.0f} s ago, and "
                f"holds for {self._ttl_s:g} s",
                remedy=LAPSED_REMEDY,
            )

    async def keep(self) -> None:
        """Renew until cancelled, through outages of the database too; see `Lease.keep`."""
        wake_s = self._sent_s + self._ttl_s / RENEWALS_PER_TTL
        while True:
            await self._clock.sleep_until(wake_s)
            try:
                await self.renew()
                wake_s = self._sent_s + self._ttl_s / RENEWALS_PER_TTL
            except StaleWriterError:
                raise
            except JournalError:  # `check` says when this has lasted for too long
                wake_s = self._clock.monotonic_s() + self._ttl_s / RETRIES_PER_TTL

    async def renew(self) -> None:
        """Ask for another `ttl_s`; a lease that ran out is taken up again if nobody took it.

        Raises StaleWriterError if somebody did, JournalError if the database does not answer.
        """
        if self._lost:
            raise StaleWriterError(self._lost)
        sent_s = self._clock.monotonic_s()
        cells = (self._ttl_s, self._gateway, self._generation)

        async def work(cursor: Cursor) -> bool:
            await cursor.execute(_RENEW, cells)
            return await cursor.fetchone() is not None

        if not await self._link.write(work):
            self._lost = f"another owner has taken over gateway {self._gateway}"
            self.check()
        self._sent_s = sent_s

    async def release(self) -> None:
        """Let the next owner come at once. Raises JournalError if the database does not answer."""
        self._lost = f"this process has given gateway {self._gateway} back"
        await self._link.write(lambda c: c.execute(_RELEASE, (self._gateway, self._generation)))


async def acquire_lease(
    link: Link, gateway: GatewayName, *, owner: str, clock: Clock, ttl_s: float
) -> PostgresLease:
    """Become the next owner of `gateway`.

    Raises LockedError while the lease of another one holds, JournalError.
    """
    sent_s = clock.monotonic_s()

    async def work(cursor: Cursor) -> int:
        await cursor.execute(_ENTER, (gateway,))
        await cursor.execute(_LOOK, (gateway,))
        is_alive, holder, since, until = await cursor.fetchone() or (False, "", "", "")
        if is_alive:
            raise LockedError(
                f"gateway {gateway} is held by {holder} since {since}, at least until {until}",
                remedy="use that runtime, or end it; if it has died, its lease runs out by then",
            )
        await cursor.execute(_TAKE, (owner, ttl_s, gateway))
        row = await cursor.fetchone()
        return int(row[0]) if row else 0

    generation = await link.write(work)
    return PostgresLease(link, gateway, generation, clock=clock, ttl_s=ttl_s, sent_s=sent_s)


async def await_lease(
    link: Link, gateway: GatewayName, *, owner: str, clock: Clock, ttl_s: float
) -> PostgresLease:
    """Stand by until `gateway` can be had, however long its owner lives, and become its owner.

    Once somebody holds it, an outage of the database is waited for as well.
    """
    is_held = False
    while True:
        try:
            return await acquire_lease(link, gateway, owner=owner, clock=clock, ttl_s=ttl_s)
        except LockedError:
            is_held = True
        except JournalError:
            if not is_held:
                raise
        await clock.sleep_until(clock.monotonic_s() + ttl_s / WAIT_POLLS_PER_TTL)
