"""What holds for all tests: fixtures of the session, and how made-up examples are judged."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

from tests.support.postgres import PostgresServer, run_postgres

ROOT = Path(__file__).parents[1]

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


ONE_AZURE = ("azure_place()", "is_live=True", "live_site(", "open_appgw_site(", "open_azure_lab(")
"""A module with one of these words wants the machine's one place for a lab with an Azure."""
ELSEWHERE = ("[envoy-", "[fake-", "[tier-")
"""Tests with these parameters do not."""


@cache
def wants_azure(module: Path) -> bool:
    text = module.read_text()
    return any(word in text for word in ONE_AZURE)


class OneAzureAtATime(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives one worker all tests of which only one can run: no other has to wait for its turn."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        if wants_azure(ROOT / nodeid.partition("::")[0]) and not any(
            w in nodeid for w in ELSEWHERE
        ):
            return "azure"
        scope: str = super()._split_scope(nodeid)
        return scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneAzureAtATime | None:
    """Schedule whole modules, where xdist is told `--dist loadscope`."""
    if config.getvalue("dist") != "loadscope":
        return None
    return OneAzureAtATime(config, log)
