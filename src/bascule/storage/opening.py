"""Opens a gateway's store wherever it is: a SQLite file, or PostgreSQL by its URL.

A guest reads, and puts commands. An owner holds the lease of the gateway and alone may append.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from bascule.clock import Clock
from bascule.errors import UsageError
from bascule.ids import GatewayName
from bascule.journal.store import Inbox, JournalStore, Lease, SampleStore
from bascule.journal.verification import RawSource
from bascule.redact import MASK
from bascule.storage.sqlite import open_journal

LEASE_TTL_S = 15.0
"""How long a dead owner's PostgreSQL lease keeps the next one waiting."""

JOURNAL_FILE = "journal.db"
_HOST = r"(?:\[[0-9a-fA-F:.%]*\]|[\w.%-]*)(?::\d*)?"
_PLACE = re.compile(rf"(?:[^/?#]*@)?(?P<place>{_HOST}(?:,{_HOST})*(?:/[^/?#@]*)?)(?:\?[^@]*)?")
_SCHEMES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class SqliteAt:
    """A journal file; the lock of its owner lies beside it."""

    path: Path

    @property
    def shown(self) -> str:
        """The place, as people may read it."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresAt:
    """A PostgreSQL database, which keeps many gateways apart by their names.

    Raises UsageError for a URL of which no part can be shown for certain to be no secret.
    """

    url: str = field(repr=False)
    gateway: GatewayName

    def __post_init__(self) -> None:
        if MASK in self.shown:
            raise UsageError(
                f"the URL of the database {self.shown} cannot be read",
                remedy="write it as postgresql://USER@HOST:PORT/DATABASE, with every @ : / ? of a"
                " name or a password as %40 %3A %2F %3F",
            )

    @property
    def shown(self) -> str:
        """The place without user, password and options: fit for messages and logs."""
        return show_url(self.url)


Location: TypeAlias = SqliteAt | PostgresAt


class Store(JournalStore, Inbox, SampleStore, RawSource, Protocol):
    """All that is kept of one gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """The store of a gateway, and the right to write it."""

    store: Store
    lease: Lease


def parse_location(state: str | Path, *, gateway: GatewayName | None = None) -> Location:
    """Return what `--state` means: a state directory, or a `postgresql://` URL and `gateway`.

    Raises UsageError for a URL without a gateway's name, and for URLs of anything else.
    """
    text = str(state)
    if text.startswith(_SCHEMES):
        if gateway is None:
            raise UsageError(
                f"{show_url(text)} can hold many gateways",
                remedy="name one with --gateway NAME",
            )
        return PostgresAt(text, gateway)
    if "://" in text:
        raise UsageError(
            f"the state cannot be kept in {text.partition('://')[0]}://",
            remedy="give a directory or a postgresql:// URL",
        )
    return SqliteAt(Path(text).expanduser().absolute() / JOURNAL_FILE)


def show_url(url: str) -> str:
    """Return `url` without user, password and options; where in doubt, without everything."""
    scheme, _, rest = url.partition("://")
    found = _PLACE.fullmatch(rest)
    return f"{scheme}://{found['place'] if found else MASK}"


@asynccontextmanager
async def open_store(location: Location) -> AsyncIterator[Store]:
    """Open the store as a guest, who may do everything but append; made if missing.

    Raises JournalError if the file cannot be opened, UsageError if the extra package is missing.
    A database is connected to by the first call on the store, which raises JournalError then.
    """
    match location:
        case SqliteAt(path):
            with open_journal(path) as journal:
                yield journal
        case PostgresAt(url, gateway):
            with _needing_postgres():
                from bascule.storage.postgres import opening as postgres
            async with postgres.open_guest(url, location.shown, gateway) as store:
                yield store


@asynccontextmanager
async def acquire_store(
    location: Location,
    *,
    owner: str,
    clock: Clock,
    ttl_s: float = LEASE_TTL_S,
    wait: bool = False,
) -> AsyncIterator[Owned]:
    """Open the store as its owner, and give the lease back at the end.

    `owner` says to people who it is, as `user@host (process 12)`. The caller runs `lease.keep()` in
    a task, and calls `lease.check()` before every write to the gateway. With `wait` it stands by
    until the lease is free. Raises LockedError while another owner lives, else as `open_store`.
    """
    match location:
        case SqliteAt(path):
            from bascule.storage.sqlite_lease import hold_lease

            async with hold_lease(path, clock=clock, wait=wait) as (journal, lease):
                yield Owned(store=journal, lease=lease)
        case PostgresAt(url, gateway):
            with _needing_postgres():
                from bascule.storage.postgres import opening as postgres
            terms = postgres.Terms(owner=owner, ttl_s=ttl_s, wait=wait)
            async with postgres.open_owner(
                url, location.shown, gateway, terms=terms, clock=clock
            ) as (store, its_lease):
                yield Owned(store=store, lease=its_lease)


async def find_gateways(url: str) -> tuple[GatewayName, ...]:
    """Return the gateways that were ever run with the database at `url`, sorted.

    Raises as `open_store`.
    """
    with _needing_postgres():
        from bascule.storage.postgres import opening as postgres
    return await postgres.find_gateways(url, show_url(url))


@contextmanager
def _needing_postgres() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise UsageError(
            f"PostgreSQL needs a package that is not installed ({error})",
            remedy="pip install 'bascule[postgres]'",
        ) from error
