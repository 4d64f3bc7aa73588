"""The tables of the PostgreSQL store, and how they come to be: one starter at a time."""

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from bascule.errors import JournalError

MIGRATION_LOCK = 0x6261_7363_756C_65
"""The advisory lock of all who set up or migrate: the word "bascule"."""

# The catalogue itself and not `to_regclass`, which remembers across a wait that there was no table.
_TABLE = """
SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'bascule' AND tablename = 'schema_version'"""

# The statements that lead from each version to the next. What was released is never edited.
_FIRST = (
    "CREATE TABLE bascule.schema_version (version integer NOT NULL)",
    "INSERT INTO bascule.schema_version VALUES (0)",
    """CREATE TABLE bascule.owner (
        gateway text PRIMARY KEY, generation bigint NOT NULL DEFAULT 0,
        seq bigint NOT NULL DEFAULT 0, digest text NOT NULL DEFAULT repeat('0', 64),
        owner text NOT NULL DEFAULT '', acquired_at timestamptz,
        expires_at timestamptz NOT NULL DEFAULT '-infinity')""",
    """CREATE TABLE bascule.record (
        gateway text NOT NULL, seq bigint NOT NULL, generation bigint NOT NULL, at text NOT NULL,
        actor text NOT NULL, kind text NOT NULL, data text NOT NULL, previous text NOT NULL,
        digest text NOT NULL, PRIMARY KEY (gateway, seq))""",
    """CREATE TABLE bascule.inbox (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gateway text NOT NULL,
        id text NOT NULL, at text NOT NULL, actor text NOT NULL, kind text NOT NULL,
        data text NOT NULL, is_done boolean NOT NULL DEFAULT false, UNIQUE (gateway, id))""",
    """CREATE INDEX inbox_pending ON bascule.inbox (gateway, position) WHERE NOT is_done""",
    """CREATE TABLE bascule.sample (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gateway text NOT NULL,
        upgrade text NOT NULL, at text NOT NULL, data text NOT NULL)""",
    "CREATE INDEX sample_upgrade ON bascule.sample (gateway, upgrade, position)",
)
_MIGRATIONS = (_FIRST,)
SCHEMA_VERSION = len(_MIGRATIONS)


async def bring_up_to_date(cursor: AsyncCursor[TupleRow], shown: str) -> None:
    """Make or migrate the tables within the transaction of `cursor`.

    Raises JournalError when a later version of bascule has made them.
    """
    if await _read_version(cursor, shown) == SCHEMA_VERSION:
        return
    await cursor.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
    version = await _read_version(cursor, shown)
    if version == SCHEMA_VERSION:
        return
    if version == 0:
        await _make_schema(cursor)
    for statements in _MIGRATIONS[version:]:
        for statement in statements:
            await cursor.execute(statement)
    await cursor.execute("UPDATE bascule.schema_version SET version = %s", (SCHEMA_VERSION,))


async def _read_version(cursor: AsyncCursor[TupleRow], shown: str) -> int:
    await cursor.execute(_TABLE)
    if await cursor.fetchone() is None:
        return 0
    await cursor.execute("SELECT version FROM bascule.schema_version")
    row = await cursor.fetchone()
    version = int(row[0]) if row else 0
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"the tables in {shown} were made by a later version of bascule (schema {version})",
            remedy="use that version, or another database",
        )
    return version


async def _make_schema(cursor: AsyncCursor[TupleRow]) -> None:
    """Ask first: an existing schema needs no right to make one."""
    await cursor.execute("SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'bascule'")
    if await cursor.fetchone() is None:
        await cursor.execute("CREATE SCHEMA bascule")
