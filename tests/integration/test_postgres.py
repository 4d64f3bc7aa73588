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
from typing_extensions import override

from bascule.app.clock import SystemClock
from bascule.errors import (
    BasculeError,
    CorruptJournalError,
    JournalError,
    LeaseLapsedError,
    LockedError,
    StaleWriterError,
    UsageError,
)
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
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF new.seq > 2 THEN RAISE EXCEPTION USING ERRCODE = '%s'; END IF; RETURN new; END $$"""
DAWDLE = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
PERFORM pg_sleep(0.5); RETURN new; END $$;
CREATE TRIGGER dawdle BEFORE INSERT ON bascule.record FOR EACH ROW EXECUTE FUNCTION dawdle()"""
SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
REFUSING = """
CREATE TRIGGER refuse BEFORE INSERT ON bascule.record FOR EACH ROW EXECUTE FUNCTION refuse()"""


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
        while len(acknowledged) < 150:
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
        for count in (30, 90):
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
    async with owning(place, ttl_s=0.5) as owned:

        def has_lapsed() -> bool:
            with contextlib.suppress(LeaseLapsedError):
                owned.lease.check()
                return False
            return True

        async def can_append() -> bool:
            with contextlib.suppress(LeaseLapsedError):
                await owned.store.append([note(1)], expected_seq=0)
                return True
            return False

        with stopped(postgres):
            await eventually(has_lapsed)

        await eventually(can_append)


async def test_a_server_that_hangs_is_an_error_of_the_journal(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    link = Link(place.url, place.shown)
    store = PostgresStore(link, SHOP)
    assert await store.read() == ()
    patience_s, link._timeout_s = link._timeout_s, 0.2

    with postgres.frozen(), pytest.raises(JournalError, match=r"no answer within 0.2 s"):
        await store.read()

    link._timeout_s = patience_s
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


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("53100", (JournalError, "is full; nothing was written")),
        ("55P03", (JournalError, "is busy")),
        ("XX001", (CorruptJournalError, "is damaged")),
        ("57014", (JournalError, "cannot be read or written")),
    ],
    ids=["disk full", "locked", "damaged", "cancelled"],
)
async def test_what_the_server_refuses_is_told_and_leaves_nothing_half_written(
    postgres: PostgresServer, place: PostgresAt, code: str, refusal: tuple[type[JournalError], str]
) -> None:
    async with owning(place) as owned:
        await owned.store.append([note(0)], expected_seq=0)
        postgres.execute(REFUSE % code, url=place.url)
        postgres.execute(REFUSING, url=place.url)

        with pytest.raises(refusal[0], match=refusal[1]):
            await owned.store.append([note(1), note(2)], expected_seq=1)

        postgres.execute("DROP TRIGGER refuse ON bascule.record", url=place.url)
        await owned.store.append([note(1)], expected_seq=1)
        numbers = [record.entry.data["number"] for record in await owned.store.read()]
    assert numbers == [0, 1]


class WatchedClock(SystemClock):
    """Tells when somebody begins to wait."""

    def __init__(self) -> None:
        self.is_waited_for = asyncio.Event()

    @override
    async def sleep_until(self, deadline_s: float) -> None:
        self.is_waited_for.set()
        await super().sleep_until(deadline_s)


async def test_a_standby_outlives_an_outage_and_an_owner_that_could_not_say_good_bye(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    clock = WatchedClock()

    async def stand_by() -> int:
        async with acquire_store(
            place, owner="standby", clock=clock, ttl_s=0.5, wait=True
        ) as owned:
            return owned.lease.generation

    async with asyncio.TaskGroup() as group:
        with contextlib.ExitStack() as outage:
            async with acquire_store(place, owner="ada", clock=SystemClock(), ttl_s=0.5):
                standby = group.create_task(stand_by())
                await clock.is_waited_for.wait()
                outage.enter_context(stopped(postgres))
            clock.is_waited_for.clear()
            await clock.is_waited_for.wait()

    assert standby.result() == 2


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


async def test_a_runner_frozen_before_it_records_can_record_nothing_after_a_take_over(
    postgres: PostgresServer, place: PostgresAt, tmp_path: Path
) -> None:
    first = await spawn_runner(place, "first", tmp_path / "effects", nap="append", ttl_s=60)
    await eventually(partial(is_frozen, first.pid))
    postgres.execute("UPDATE bascule.owner SET expires_at = clock_timestamp()", url=place.url)

    await follow_and_wake(first, place, tmp_path / "effects", ttl_s=60)


async def test_a_runner_frozen_before_it_writes_the_gateway_is_stopped_by_its_own_clock(
    place: PostgresAt, tmp_path: Path
) -> None:
    first = await spawn_runner(place, "first", tmp_path / "effects", nap="check", ttl_s=2)

    await follow_and_wake(first, place, tmp_path / "effects", ttl_s=2)


async def test_a_runner_frozen_while_its_record_is_being_written_is_in_nobodys_way(
    postgres: PostgresServer, place: PostgresAt, tmp_path: Path
) -> None:
    first = await spawn_runner(place, "first", tmp_path / "effects", ttl_s=2)
    clock = WatchedClock()

    async def stand_by() -> int:
        async with acquire_store(place, owner="second", clock=clock, ttl_s=2, wait=True) as owned:
            return owned.lease.generation

    async with asyncio.TaskGroup() as group:
        second = group.create_task(stand_by())
        await clock.is_waited_for.wait()
        postgres.execute(DAWDLE, url=place.url)
        await eventually(lambda: postgres.execute(SLEEPING))
        first.send_signal(signal.SIGSTOP)
        await eventually(second.done)

    first.kill()
    await first.wait()
    assert second.result() == 2


async def follow_and_wake(
    first: asyncio.subprocess.Process, place: PostgresAt, effects: Path, *, ttl_s: float
) -> None:
    """Let a second runner take over, wake the first, and hold it to having written nothing more."""
    second = await spawn_runner(place, "second", effects, ttl_s=ttl_s)
    await eventually(lambda: "second" in read_owners(effects))

    os.kill(first.pid, signal.SIGCONT)
    told = await read_line(first)
    await first.wait()
    second.kill()
    await second.wait()

    assert told.startswith("stale")
    owners = read_owners(effects)
    assert "first" not in owners[owners.index("second") :]
    async with open_store(place) as guest:
        actors = [record.entry.actor for record in await guest.read()]
        assert (await verify_store(guest)).is_clean
    assert "first" not in actors[actors.index("second") :]


async def test_a_commit_is_on_disk_and_no_frozen_client_holds_a_row_for_long(
    postgres: PostgresServer, place: PostgresAt
) -> None:
    database = place.url.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")

    async def look(cursor: Cursor) -> object:
        await cursor.execute(
            "SELECT current_setting('synchronous_commit'), current_setting('lock_timeout'),"
            " current_setting('idle_in_transaction_session_timeout'),"
            " current_setting('transaction_timeout', true)"
        )
        return await cursor.fetchone()

    link = Link(place.url, place.shown)
    settings = await link.write(look)
    await link.close()

    assert settings == ("on", "4s", "3s", "10s")


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
    place: PostgresAt, owner: str, effects: Path, *, ttl_s: float, nap: str = "never"
) -> asyncio.subprocess.Process:
    arguments = (place.url, place.gateway, owner, str(ttl_s), str(effects), nap)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.lease_runner",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    assert (await read_line(process)).startswith("acquired")
    return process


def read_owners(effects: Path) -> list[str]:
    return effects.read_text().split()


def is_frozen(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")


async def read_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
