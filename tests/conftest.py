"""What holds for all tests: fixtures of the session, and how made-up examples are judged."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

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


ONE_AZURE = (
    "test_adoption.py",
    "test_appgw.py",
    "test_appgw_storm.py",
    "test_apply_kills.py",
    "test_gateway_driver.py",
    "test_lab_azure.py",
)
"""Modules that want the machine's one place for a lab with an Azure."""


class OneAzureAtATime(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives one worker all modules of which only one can run: no other has to wait for its turn."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return "azure" if scope.endswith(ONE_AZURE) else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneAzureAtATime | None:
    """Schedule whole modules, where xdist is told `--dist loadscope`."""
    if config.getvalue("dist") != "loadscope":
        return None
    return OneAzureAtATime(config, log)
