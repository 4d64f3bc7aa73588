"""One connection to PostgreSQL that is made anew when it was lost; errors of psycopg stop here.

What goes wrong inside a transaction drops the connection: the next call begins with a fresh one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection, AsyncCursor, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from bascule.errors import CorruptJournalError, JournalError, UsageError
from bascule.redact import MASK, redact
from bascule.storage.postgres.schema import bring_up_to_date

CALL_TIMEOUT_S = 10.0
"""How long one transaction may take before its connection is given up."""
MESSAGE_CHARS_MAX = 400

_DEFAULTS = {
    "connect_timeout": "5",
    "application_name": "bascule",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# A frozen client must not hold the row of its gateway for long: the server ends it, before those
# who wait for the row give up; where it was frozen amid a message, servers since version 17 do.
# What is committed must be on disk there, even where the server is set to answer before it is.
_BEGIN = """
BEGIN ISOLATION LEVEL {isolation};
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '8s';
SET LOCAL idle_in_transaction_session_timeout = '3s';
SELECT set_config('transaction_timeout', '10s', true)
 WHERE current_setting('transaction_timeout', true) IS NOT NULL;
SELECT set_config('synchronous_commit', 'on', true)
 WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""
_BEGIN_WRITE = _BEGIN.format(isolation="READ COMMITTED")
_BEGIN_READ = _BEGIN.format(isolation="REPEATABLE READ READ ONLY")

T = TypeVar("T")
Cursor: TypeAlias = AsyncCursor[TupleRow]
Work: TypeAlias = Callable[[Cursor], Awaitable[T]]


class Link:
    """Runs transactions one at a time, each within `timeout_s`.

    `shown` is the database as people may read it. Raises UsageError if `url` cannot be read.
    """

    def __init__(self, url: str, shown: str, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._shown = shown
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection[TupleRow] | None = None
        try:
            self._options = {**_DEFAULTS, **conninfo_to_dict(url)}
        except psycopg.Error:
            raise UsageError(
                f"the URL of the database {shown} cannot be read",
                remedy="write it as postgresql://USER@HOST:PORT/DATABASE",
            ) from None  # the cause may quote the password

    async def read(self, work: Work[T]) -> T:
        """Return what `work` finds in one view of the database. Raises JournalError."""
        return await self._transact(_BEGIN_READ, work)

    async def write(self, work: Work[T]) -> T:
        """Commit what `work` does, or nothing of it.

        Raises JournalError; when the connection was lost at the commit, what came of it is not
        known, and the message says so.
        """
        return await self._transact(_BEGIN_WRITE, work)

    async def close(self) -> None:
        """Give the connection up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _transact(self, begin: str, work: Work[T]) -> T:
        async with self._turn:
            is_committing = False
            try:
                cursor = await self._begin(begin)
                with self._limit(cursor.connection):
                    result = await work(cursor)
                    is_committing = True
                    await cursor.execute("COMMIT")
                    return result
            except (psycopg.Error, TimeoutError) as error:
                await self.close()
                raise self._translate_error(error, is_committing=is_committing) from error
            except BaseException:
                await self.close()
                raise

    async def _begin(self, begin: str) -> Cursor:
        """Begin a transaction; a connection that died while it was idle is made anew, once."""
        if self._connection is not None:
            try:
                return await self._execute(self._connection, begin)
            except psycopg.OperationalError:
                await self.close()
        self._connection = await self._connect()
        return await self._execute(self._connection, begin)

    async def _connect(self) -> AsyncConnection[TupleRow]:
        conninfo = make_conninfo("", **self._options)
        async with asyncio.timeout(self._timeout_s):
            connection = await AsyncConnection.connect(
                conninfo, autocommit=True, prepare_threshold=None
            )
        try:
            cursor = await self._execute(connection, _BEGIN_WRITE)
            with self._limit(connection):
                await bring_up_to_date(cursor, self._shown)
                await cursor.execute("COMMIT")
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _execute(self, connection: AsyncConnection[TupleRow], statement: str) -> Cursor:
        with self._limit(connection):
            return await connection.execute(statement.encode())

    @contextmanager
    def _limit(self, connection: AsyncConnection[TupleRow]) -> Iterator[None]:
        """Close `connection` under a call that takes too long; it then ends with an error at once.

        A cancelled call would first ask the server to cancel, which one that hangs cannot do.
        """
        loop = asyncio.get_running_loop()
        limit = loop.call_later(self._timeout_s, connection.pgconn.finish)
        try:
            yield
        except psycopg.Error as error:
            if loop.time() >= limit.when():
                message = f"no answer within {self._timeout_s:g} s"
                raise psycopg.OperationalError(message) from error
            raise
        finally:
            limit.cancel()

    def _translate_error(self, error: Exception, *, is_committing: bool) -> JournalError:
        reason = self._explain(error)
        match error:
            case errors.DiskFull():
                return JournalError(
                    f"the disk of {self._shown} is full; nothing was written",
                    remedy="free some space there",
                )
            case errors.LockNotAvailable():
                return JournalError(
                    f"{self._shown} is busy: another session holds this gateway's rows"
                )
            case errors.InsufficientPrivilege():
                return JournalError(
                    f"{self._shown} does not let us: {reason}",
                    remedy="let its administrator run CREATE SCHEMA bascule AUTHORIZATION our user",
                )
            case errors.ReadOnlySqlTransaction():
                return JournalError(
                    f"{self._shown} is read-only, as a replica is",
                    remedy="add target_session_attrs=read-write to the URL",
                )
            case errors.DataCorrupted() | errors.IndexCorrupted():
                return CorruptJournalError(f"{self._shown} is damaged: {reason}")
            case _ if is_committing:
                return JournalError(
                    f"the connection to {self._shown} was lost at the commit, and whether it was "
                    f"written is not known: {reason}",
                    remedy="read the journal again before anything else is done",
                )
            case _:
                return JournalError(
                    f"{self._shown} cannot be read or written: {reason}",
                    remedy="look whether it answers `psql`; a runtime tries again by itself",
                )

    def _explain(self, error: Exception) -> str:
        """Return the words of `error` in one line without the password, whoever quoted it."""
        if isinstance(error, TimeoutError):
            return f"no answer within {self._timeout_s:g} s"
        text = " ".join(str(error).split())
        for name in ("password", "sslpassword"):
            if secret := str(self._options.get(name) or ""):
                text = text.replace(secret, MASK)
        return redact(text)[:MESSAGE_CHARS_MAX]
