"""What may happen to a PostgreSQL store: stopped, frozen, cut at the commit, raced for, refused."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from bascule.app.clock import SystemClock
from bascule.errors import BasculeError, JournalError, LockedError, StaleWriterError, UsageError
from bascule.ids import GatewayName
from bascule.journal.record import Entry
from bascule.journal.store import Sample
from bascule.journal.verification import verify_store
from bascule.storage.opening import (
    Owned,
    PostgresAt,
    acquire_store,
    find_gateways,
    open_store,
)
from bascule.storage.postgres.link import Cursor, Link
from bascule.storage.postgres.schema import SCHEMA_VERSION
from bascule.storage.postgres.store import PostgresStore
from tests.support.cutting_proxy import run_cutting_proxy
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.waiting import eventually

AT = datetime(2026, 1, 1, tzinfo=UTC)
SHOP = GatewayName("shop")
TTL_S = 1.0


def note(number: int) -> Entry:
    return Entry(at=AT, actor="ada", kind="note", data={"number": number})


@pytest.fixture
def place(postgres: PostgresServer) -> PostgresAt:
    return PostgresAt(postgres.new_database(), SHOP)


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@asynccontextmanager
async def owning(place: PostgresAt, *, ttl_s: float = 15.0) -> AsyncIterator[Owned]:
    """Own `place` and keep the lease, as the runtime does."""
    async with (
        acquire_store(place, owner="ada", clock=SystemClock(), ttl_s=ttl_s) as owned,
        asyncio.TaskGroup() as group,
    ):
        keeper = group.create_task(owned.lease.keep())
        yield owned
        keeper.cancel()


async def test_a_server_that_is_stopped_and_started_costs_time_and_nothing_else(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    async with owning(place) as owned:
        for number in range(3):
            await owned.store.append([note(number)], expected_seq=number)
            with stopped(postgres), pytest.raises(JournalError, match="cannot be") as caught:
                await owned.store.append([note(99)], expected_seq=number + 1)
            assert not isinstance(caught.value, StaleWriterError)
        await owned.store.append([note(3)], expected_seq=3)
        owned.lease.check()

        records = await owned.store.read()

    assert [record.entry for record in records] == [note(n) for n in range(4)]


async def test_a_server_that_crashes_while_an_owner_writes_loses_and_doubles_nothing(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    acknowledged: list[int] = []
    failures: list[JournalError] = []

    async def write(owned: Owned) -> None:
        seq = 0
        while len(acknowledged) < 300:
            try:
                (record,) = await owned.store.append([note(seq)], expected_seq=seq)
                acknowledged.append(record.seq)
                seq = record.seq
            except JournalError as error:
                failures.append(error)
                await asyncio.sleep(0)  # a refused connection is no reason to wait for psycopg
                with contextlib.suppress(JournalError):
                    seq = len(await owned.store.read())

    def has_passed(found: Sequence[object], count: int) -> bool:
        return len(found) >= count

    async def crash() -> None:
        for count in (60, 140, 220):
            await eventually(partial(has_passed, acknowledged, count))
            with stopped(postgres):
                await eventually(partial(has_passed, failures, len(failures) + 1))

    async with owning(place) as owned, asyncio.TaskGroup() as group:
        group.create_task(write(owned))
        group.create_task(crash())

    async with open_store(place) as guest:
        records = await guest.read()
    numbers = [record.entry.data["number"] for record in records]
    assert set(acknowledged) <= {record.seq for record in records}
    assert numbers == list(range(len(records)))
    assert not [error for error in failures if isinstance(error, StaleWriterError)]


async def test_a_lease_outlives_an_outage_that_is_longer_than_it(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    async with owning(place, ttl_s=0.3) as owned:

        def has_lapsed() -> bool:
            with contextlib.suppress(StaleWriterError):
                owned.lease.check()
                return False
            return True

        with stopped(postgres):
            await eventually(has_lapsed)
        await eventually(lambda: not has_lapsed())

        await owned.store.append([note(1)], expected_seq=0)


async def test_a_server_that_hangs_is_an_error_of_the_journal(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    link = Link(place.url, place.shown, timeout_s=0.2)
    store = PostgresStore(link, SHOP)
    assert await store.read() == ()

    with postgres.frozen(), pytest.raises(JournalError, match=r"no answer within 0.2 s|timeout"):
        await store.read()

    assert await store.read() == ()
    await link.close()


async def test_an_append_whose_answer_was_lost_is_not_repeated_blindly(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    host, _, port = postgres.address.partition(":")
    async with run_cutting_proxy(host, int(port)) as proxy:
        url = place.url.replace(f":{port}/", f":{proxy.port}/")
        async with acquire_store(PostgresAt(url, SHOP), owner="ada", clock=SystemClock()) as owned:
            await owned.store.append([note(0)], expected_seq=0)
            proxy.arm()

            with pytest.raises(JournalError, match="not known") as caught:
                await owned.store.append([note(1)], expected_seq=1)

            assert not isinstance(caught.value, StaleWriterError)
            assert "read the journal again" in caught.value.remedy
            with pytest.raises(StaleWriterError, match="has 2 records where 1 were expected"):
                await owned.store.append([note(1)], expected_seq=1)
            assert len(await owned.store.read()) == 2


async def test_starters_that_race_set_up_once(place: PostgresAt) -> None:
    async def start(number: int) -> Owned | LockedError:
        try:
            async with acquire_store(place, owner=f"owner {number}", clock=SystemClock()) as owned:
                await asyncio.wait_for(everybody.wait(), 10)
                return owned
        except LockedError as error:
            return error
        finally:
            finished.append(number)
            if len(finished) >= 4:
                everybody.set()

    everybody, finished = asyncio.Event(), list[int]()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(start(number)) for number in range(5)]

    outcomes = [task.result() for task in tasks]
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Owned)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, LockedError)]
    assert winner.lease.generation == 1
    assert all("is held by owner" in refusal.message for refusal in refusals)
    assert await find_gateways(place.url) == (SHOP,)


@pytest.mark.parametrize("place_of_nap", ["append", "check"])
async def test_a_frozen_runner_writes_nothing_after_another_has_taken_over(
    place: PostgresAt, tmp_path: Path, place_of_nap: str
) -> None:
    effects = tmp_path / "effects"
    first = await spawn_runner(place, "first", effects, nap=place_of_nap)
    second = await spawn_runner(place, "second", effects)
    await eventually(lambda: "second" in effects.read_text())

    os.kill(first.pid, signal.SIGCONT)
    told = await read_line(first)
    await first.wait()
    second.kill()
    await second.wait()

    assert told.startswith("stale")
    owners = effects.read_text().split()
    assert "first" not in owners[owners.index("second") :]
    async with open_store(place) as guest:
        actors = [record.entry.actor for record in await guest.read()]
        assert (await verify_store(guest)).is_clean
    assert "first" not in actors[actors.index("second") :]


async def test_a_runner_that_was_killed_is_followed_within_its_lease_time(
    place: PostgresAt, tmp_path: Path
) -> None:
    first = await spawn_runner(place, "first", tmp_path / "effects")
    first.kill()
    await first.wait()

    async with asyncio.timeout(10 * TTL_S):
        async with acquire_store(
            place, owner="next", clock=SystemClock(), ttl_s=TTL_S, wait=True
        ) as owned:
            assert owned.lease.generation == 2


async def test_a_commit_is_on_disk_and_no_frozen_client_holds_a_row_for_long(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    database = place.url.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")

    async def look(cursor: Cursor) -> object:
        await cursor.execute(
            "SELECT current_setting('synchronous_commit'), current_setting('lock_timeout'),"
            " current_setting('idle_in_transaction_session_timeout')"
        )
        return await cursor.fetchone()

    link = Link(place.url, place.shown)
    settings = await link.write(look)
    await link.close()

    assert settings == ("on", "4s", "3s")


async def test_a_later_schema_is_refused(postgres: PostgresServer, place: PostgresAt) -> None:
    async with open_store(place) as guest:
        await guest.read()
    postgres.execute("UPDATE bascule.schema_version SET version = 99", url=place.url)

    with pytest.raises(JournalError, match=r"later version of bascule \(schema 99\)"):
        async with open_store(place) as guest:
            await guest.read()

    assert SCHEMA_VERSION < 99


async def test_gateways_in_one_database_do_not_meet(place: PostgresAt) -> None:
    other = PostgresAt(place.url, GatewayName("other"))
    async with owning(place) as owned, owning(other) as stranger:
        await owned.store.append([note(1)], expected_seq=0)
        await owned.store.add_samples("run", [Sample(at=AT, data={})])

        assert await stranger.store.read() == ()
        assert await stranger.store.read_samples("run") == ()
    assert await find_gateways(place.url) == (GatewayName("other"), SHOP)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda url: url.replace(quote(PASSWORD, safe=""), "wrong-secret"), JournalError),
        (lambda url: url.rpartition("/")[0] + "/none", JournalError),
        (lambda url: url.replace("@127.0.0.1:", "@127.0.0.1:x"), UsageError),
        (lambda url: url + "?nonsense=" + quote(PASSWORD, safe=""), UsageError),
        (lambda url: url.replace("@127.0.0.1:", "@127.0.0.1:1,"), JournalError),
    ],
    ids=["password", "database", "port", "option", "hosts"],
)
async def test_no_error_tells_the_password(
    place: PostgresAt, change: Callable[[str], str], error: type[BasculeError]
) -> None:
    url = change(place.url)

    with pytest.raises(error) as caught:
        async with open_store(PostgresAt(url, SHOP)) as guest:
            await guest.read()

    shown = f"{caught.value} {caught.value.__cause__} {caught.value.remedy}"
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "wrong-secret"):
        assert secret not in shown


async def test_a_user_without_rights_is_told_what_to_ask_for(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    postgres.execute("DROP ROLE IF EXISTS weak")
    postgres.execute(f"CREATE ROLE weak LOGIN PASSWORD '{PASSWORD}'")
    weak = PostgresAt(place.url.replace("//bascule:", "//weak:"), SHOP)

    with pytest.raises(JournalError, match="does not let us") as caught:
        async with open_store(weak) as guest:
            await guest.read()

    assert "CREATE SCHEMA bascule" in caught.value.remedy


async def test_a_replica_is_refused_as_such(postgres: PostgresServer, place: PostgresAt) -> None:
    async with open_store(place) as guest:
        await guest.read()
    database = place.url.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")

    with pytest.raises(JournalError, match="is read-only") as caught:
        async with acquire_store(place, owner="ada", clock=SystemClock()):
            pass

    assert "target_session_attrs" in caught.value.remedy


async def spawn_runner(
    place: PostgresAt, owner: str, effects: Path, *, nap: str = "never"
) -> asyncio.subprocess.Process:
    arguments = (place.url, place.gateway, owner, str(TTL_S), str(effects), nap)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.lease_runner",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    assert (await read_line(process)).startswith("acquired")
    return process


async def read_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
