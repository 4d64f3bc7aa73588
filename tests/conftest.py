"""What holds for all tests: fixtures of the session, and how made-up examples are judged."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgres import PostgresServer, run_postgres

# A slow machine is no counterexample: no test here asserts how long something takes.
settings.register_profile(
    "untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL for each process of pytest, started by the first test that wants it."""
    with run_postgres() as server:
        yield server
