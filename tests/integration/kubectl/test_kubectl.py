"""The real kubectl against a lab cluster: what it prints is what the documentation says."""

from itertools import count
from pathlib import Path

import pytest

from tests.integration.kubectl import (
    checks_access,
    checks_api,
    checks_apply,
    checks_create,
    checks_get,
    checks_ownership,
    checks_rollout,
)
from tests.integration.kubectl.check import Check, perform
from tests.integration.kubectl.cluster import RunningCluster, running_cluster

CHECKS = (
    *checks_create.CHECKS,
    *checks_get.CHECKS,
    *checks_apply.CHECKS,
    *checks_ownership.CHECKS,
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


EVERYWHERE = frozenset(
    (
        "apply_creates_then_leaves_unchanged_then_configures",
        "apply_server_side_by_two_managers_shares_what_they_agree_on",
        "apply_server_side_conflict_names_manager_and_field",
        "auth_can_i_follows_the_role",
        "create_namespace",
        "custom_definition_is_established_and_served",
        "explain_a_field",
        "get_prints_a_table",
        "patch_strategic_merges_containers_by_name",
        "programs_cannot_be_run_in_containers_and_it_is_said",
        "replace_takes_back_what_get_has_printed",
    )
)
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


@pytest.mark.parametrize("version", ["1.25", "1.37"])
def test_the_oldest_and_the_newest_release_pass_a_sample(version: str, tmp_path: Path) -> None:
    with running_cluster(tmp_path, version=version) as cluster:
        for number, check in enumerate(check for check in CHECKS if check.name in EVERYWHERE):
            perform(check, cluster, f"sample-{number}")


def test_there_are_at_least_seventy_checks_and_five_that_can_turn_red() -> None:
    names = [check.name for check in CHECKS]

    assert len(names) == len(set(names))
    assert len(names) >= 70
    assert len(SAMPLE) >= 5
