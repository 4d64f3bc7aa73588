"""Opens the same store again and again: in a file, in PostgreSQL and in memory."""

import os
import sqlite3
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from itertools import count
from pathlib import Path

from typing_extensions import override

from bascule.ids import GatewayName
from bascule.storage.opening import (
    Location,
    Owned,
    PostgresAt,
    SqliteAt,
    Store,
    acquire_store,
    open_store,
)
from bascule.storage.sqlite_lease import SqliteLease
from tests.support.fake_journal import FakeDisk, FakeJournal, acquire_fake
from tests.support.postgres import PostgresServer
from tests.support.virtual_clock import VirtualClock

TTL_S = 15.0
OWNER = "ada@desk"
_NUMBERS = count(1)
_EDIT = "UPDATE bascule.record SET actor = 'mallory' WHERE gateway = %s AND seq = %s"
_REMOVE = "DELETE FROM bascule.record WHERE gateway = %s AND seq = %s"
_END_SOONER = """
UPDATE bascule.owner SET expires_at = expires_at - make_interval(secs => %s) WHERE gateway = %s"""


class Opening(ABC):
    """One place, and the clock of all who open it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.clock = VirtualClock()

    @property
    def holder(self) -> str:
        """What a refusal says of the owner."""
        return OWNER

    @abstractmethod
    async def owner(self, *, wait: bool = False) -> Owned:
        """Open it as its next owner."""

    @abstractmethod
    async def guest(self) -> Store:
        """Open it to read, and to put commands."""

    @abstractmethod
    async def edit(self, seq: int) -> None:
        """Change a record behind the store's back."""

    @abstractmethod
    async def remove(self, seq: int) -> None:
        """Remove a record behind the store's back."""

    async def pass_time(self, seconds: float) -> None:
        """Let time pass for everybody."""
        await self.clock.advance(seconds)

    @abstractmethod
    async def bury(self, owned: Owned) -> None:
        """Let the process of an owner die, and the next one come as soon as it may."""


class _OpeningPlace(Opening):
    def __init__(self, stack: AsyncExitStack, location: Location) -> None:
        super().__init__(stack)
        self._location = location

    @override
    async def owner(self, *, wait: bool = False) -> Owned:
        return await self._stack.enter_async_context(
            acquire_store(self._location, owner=OWNER, clock=self.clock, ttl_s=TTL_S, wait=wait)
        )

    @override
    async def guest(self) -> Store:
        return await self._stack.enter_async_context(open_store(self._location))


class OpeningSqlite(_OpeningPlace):
    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._path = folder / "state" / "journal.db"
        super().__init__(stack, SqliteAt(self._path))

    @property
    @override
    def holder(self) -> str:
        return str(os.getpid())

    @override
    async def edit(self, seq: int) -> None:
        self._execute("UPDATE record SET actor = 'mallory' WHERE seq = ?", seq)

    @override
    async def remove(self, seq: int) -> None:
        self._execute("DELETE FROM record WHERE seq = ?", seq)

    @override
    async def bury(self, owned: Owned) -> None:
        """Do as the kernel does: it lets go of the lock, and nobody tells the owner."""
        assert isinstance(owned.lease, SqliteLease)
        owned.lease._lock.close()

    def _execute(self, statement: str, seq: int) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(statement, (seq,))


class OpeningPostgres(_OpeningPlace):
    """Each opening has a gateway of its own in one database."""

    def __init__(self, stack: AsyncExitStack, server: PostgresServer) -> None:
        self._gateway = GatewayName(f"gateway-{next(_NUMBERS)}")
        self._server = server
        super().__init__(stack, PostgresAt(server.url(), self._gateway))

    @override
    async def edit(self, seq: int) -> None:
        self._server.execute(_EDIT, self._gateway, seq)

    @override
    async def remove(self, seq: int) -> None:
        self._server.execute(_REMOVE, self._gateway, seq)

    @override
    async def pass_time(self, seconds: float) -> None:
        """The database's clock cannot be moved; so the leases end sooner by as much."""
        self._server.execute(_END_SOONER, seconds, self._gateway)
        await super().pass_time(seconds)

    @override
    async def bury(self, owned: Owned) -> None:
        await self.pass_time(TTL_S + 1)


class OpeningFake(Opening):
    def __init__(self, stack: AsyncExitStack) -> None:
        super().__init__(stack)
        self._disk = FakeDisk()

    @override
    async def owner(self, *, wait: bool = False) -> Owned:
        found = await self._stack.enter_async_context(
            acquire_fake(self._disk, owner=OWNER, clock=self.clock, ttl_s=TTL_S, wait=wait)
        )
        return Owned(store=found.store, lease=found.lease)

    @override
    async def guest(self) -> Store:
        return FakeJournal(self._disk, as_owner=False)

    @override
    async def edit(self, seq: int) -> None:
        record = self._disk.records[seq - 1]
        self._disk.records[seq - 1] = replace(record, entry=replace(record.entry, actor="mallory"))

    @override
    async def remove(self, seq: int) -> None:
        del self._disk.records[seq - 1]

    @override
    async def bury(self, owned: Owned) -> None:
        await self.pass_time(TTL_S + 1)
