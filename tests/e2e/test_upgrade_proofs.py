"""Upgrades under load: a faulty green is caught and goes back, and runners that die change nothing.

The whole of it is `make soak PROOF=regressions` and `make soak PROOF=upgrade-kills`.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from tests.support.network import free_port
from tests.support.regressions import REGRESSIONS, find_regression
from tests.support.site import Site, open_site
from tests.support.upgrade_kills import Way, kill_runners
from tests.support.upgrades import Shape

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("proofs")
    with open_site(directory, name="proofs", port=free_port()) as site:
        site.start_runtime()
        yield site


async def test_a_wrong_answer_on_one_path_is_caught_before_any_user_gets_it(site: Site) -> None:
    found = await find_regression(site, REGRESSIONS["wrong"], "wrong")

    assert found.wrongs == []
    assert found.failures == ()
    assert "cart" in found.course.said


async def test_a_green_that_fails_one_in_a_hundred_is_caught_and_only_its_own_failures_are_seen(
    site: Site,
) -> None:
    shape = Shape(steps=((50, 8.0), (100, 1.0)), verify_s=0.5)  # 16 failures expected
    errors = replace(REGRESSIONS["errors"], shape=shape, caught_at=frozenset({"shift-50-hold"}))

    found = await find_regression(site, errors, "errors")

    assert found.wrongs == []
    assert found.report["green"] >= len(found.failures) > 0
    assert {span["cluster"] for span in found.report["spans"]} == {"green"}


@pytest.mark.parametrize("seed", [66])
async def test_whoever_runs_an_upgrade_may_die_at_any_moment(site: Site, seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - it must be the same every time

    trial = await kill_runners(site, rng, Way.COMPLETES, f"killed-{seed}", kills=3)

    assert len(trial.kills) == 3
    assert trial.wrongs == []
