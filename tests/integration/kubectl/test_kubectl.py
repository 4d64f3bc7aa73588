"""The real kubectl against a lab cluster: what it prints is what the documentation says."""

from itertools import count

import pytest

from tests.integration.kubectl import (
    checks_access,
    checks_api,
    checks_apply,
    checks_create,
    checks_get,
    checks_rollout,
)
from tests.integration.kubectl.check import Check, perform
from tests.integration.kubectl.cluster import RunningCluster

CHECKS = (
    *checks_create.CHECKS,
    *checks_get.CHECKS,
    *checks_apply.CHECKS,
    *checks_rollout.CHECKS,
    *checks_access.CHECKS,
    *checks_api.CHECKS,
)
_numbers = count(1)


@pytest.fixture
def namespace() -> str:
    return f"check-{next(_numbers)}"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_kubectl(check: Check, cluster: RunningCluster, namespace: str) -> None:
    perform(check, cluster, namespace)


SAMPLE = tuple(check for check in CHECKS if check.feature)


@pytest.mark.parametrize("check", SAMPLE, ids=lambda check: f"{check.feature}")
def test_a_check_turns_red_without_the_feature_that_it_checks(
    check: Check, cluster: RunningCluster, namespace: str
) -> None:
    cluster.order_faults({"disabledFeatures": [check.feature]})
    try:
        with pytest.raises(AssertionError):
            perform(check, cluster, namespace)
    finally:
        cluster.order_faults({})


def test_there_are_at_least_seventy_checks_and_five_that_can_turn_red() -> None:
    names = [check.name for check in CHECKS]

    assert len(names) == len(set(names))
    assert len(names) >= 70
    assert len(SAMPLE) >= 5
