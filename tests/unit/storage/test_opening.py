import subprocess
import sys
from pathlib import Path

import pytest

from bascule.errors import UsageError
from bascule.ids import GatewayName
from bascule.storage.opening import (
    PostgresAt,
    SqliteAt,
    acquire_store,
    open_store,
    parse_location,
    show_url,
)
from tests.support.virtual_clock import VirtualClock

SHOP = GatewayName("shop")
URL = "postgresql://ada:s3cret@db.example:5432/bascule?sslmode=require"


def test_a_directory_is_a_file_in_it(tmp_path: Path) -> None:
    assert parse_location(tmp_path) == SqliteAt(tmp_path / "journal.db")
    assert parse_location(str(tmp_path), gateway=SHOP) == SqliteAt(tmp_path / "journal.db")
    assert parse_location("some/where") == SqliteAt(Path.cwd() / "some/where/journal.db")
    assert parse_location(tmp_path).shown == str(tmp_path / "journal.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_url_is_a_database_with_many_gateways(scheme: str) -> None:
    url = f"{scheme}://db/bascule"

    assert parse_location(url, gateway=SHOP) == PostgresAt(url, SHOP)


def test_a_url_without_a_gateway_is_refused() -> None:
    with pytest.raises(UsageError, match="many gateways") as caught:
        parse_location(URL)

    assert "s3cret" not in str(caught.value)


def test_a_url_of_anything_else_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be kept in mysql://"):
        parse_location("mysql://ada:s3cret@db", gateway=SHOP)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, "postgresql://db.example:5432/bascule"),
        ("postgresql:///bascule?host=/run/pg", "postgresql:///bascule"),
        ("postgres://a,b:5433/db", "postgres://a,b:5433/db"),
        ("postgresql://ada:s3cret@[::1]:5/db", "postgresql://[::1]:5/db"),
        ("postgresql://ada:s3@cret@h/db", "postgresql://h/db"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert show_url(url) == shown
    assert PostgresAt(url, SHOP).shown == shown
    assert "cret" not in repr(PostgresAt(url, SHOP))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:s3/cret@h/db",
        "postgresql://ada:s3?cret@h/db",
        "postgresql://ada:s3cret/db",
        "postgresql://h/db?password=s3@cret",
    ],
)
def test_a_url_whose_secret_may_be_anywhere_is_refused_unseen(url: str) -> None:
    with pytest.raises(UsageError, match=r"postgresql://\[redacted\] cannot be read") as caught:
        parse_location(url, gateway=SHOP)

    assert "%40" in caught.value.remedy
    assert show_url(url) == "postgresql://[redacted]"


async def test_guests_and_owners_share_a_file(tmp_path: Path) -> None:
    location = parse_location(tmp_path)
    async with (
        acquire_store(location, owner="ada", clock=VirtualClock()) as owned,
        open_store(location) as guest,
    ):
        owned.lease.check()
        assert await guest.read() == await owned.store.read() == ()


def test_postgresql_costs_nothing_where_it_is_not_used() -> None:
    program = (
        "import sys, bascule.storage.opening;"
        "print([name for name in ('psycopg', 'asyncio', 'msgspec') if name in sys.modules])"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert found.stdout.strip() == "[]"


def test_the_package_for_postgresql_is_named_where_it_is_missing() -> None:
    program = """
import asyncio, sys
sys.modules["psycopg"] = None
from bascule.errors import UsageError
from bascule.storage.opening import open_store, parse_location

async def main():
    async with open_store(parse_location("postgresql://db", gateway="shop")):
        pass

try:
    asyncio.run(main())
except UsageError as error:
    print(error.remedy)
"""

    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert found.stdout.strip() == "pip install 'bascule[postgres]'"
