"""Fixtures that live as long as the session, because what they start is dear."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer, run_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL for each process of pytest, started by the first test that wants it."""
    with run_postgres() as server:
        yield server
