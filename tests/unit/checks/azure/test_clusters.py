from dataclasses import replace

import pytest

from bascule.checks.azure.clusters import (
    check_accounts,
    check_api_servers,
    check_auto_upgrades,
    check_same,
    check_states,
)
from bascule.checks.azure.facts import AzureFacts
from bascule.checks.findings import Severity
from tests.support.azure_facts import blue, facts, made_green


def with_blue(**changes: object) -> AzureFacts:
    return replace(facts(), blue=replace(blue(), **changes))  # type: ignore[arg-type]  # fields by name


def test_clusters_at_rest_are_fine() -> None:
    for check in (
        check_same,
        check_states,
        check_api_servers,
        check_accounts,
        check_auto_upgrades,
    ):
        assert check(facts()) == ()


def test_one_cluster_under_two_names_is_a_blocker() -> None:
    twice = replace(facts(), green=replace(made_green(), id=blue().id.upper()))

    (found,) = check_same(twice)

    assert found.code == "SameCluster"
    assert check_same(replace(facts(), green=made_green())) == ()


def test_a_stopped_cluster_is_a_blocker() -> None:
    (found,) = check_states(with_blue(is_running=False))

    assert (found.severity, found.code) == (Severity.BLOCKER, "ClusterStopped")
    assert found.remedy == "start it: az aks start -n old"


@pytest.mark.parametrize(
    ("state", "code"),
    [("Failed", "ClusterFailed"), ("Canceled", "ClusterFailed"), ("Upgrading", "ClusterBusy")],
)
def test_a_cluster_that_is_not_at_rest_is_a_warning(state: str, code: str) -> None:
    (found,) = check_states(with_blue(state=state))

    assert (found.severity, found.code) == (Severity.WARNING, code)
    assert state in found.message


def test_a_private_api_server_that_does_not_answer_says_where_to_run() -> None:
    (found,) = check_api_servers(with_blue(is_private=True, unreached="no such host"))

    assert (found.severity, found.code) == (Severity.BLOCKER, "ApiServerUnreached")
    assert "no such host" in found.message
    assert "in the cluster's network" in found.remedy


def test_local_accounts_that_are_off_are_a_note() -> None:
    (found,) = check_accounts(with_blue(has_local_accounts=False))

    assert (found.severity, found.code) == (Severity.INFO, "LocalAccountsOff")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"upgrade_channel": "stable"}, "the version (stable) of blue"),
        ({"node_os_channel": "NodeImage"}, "the nodes' images (NodeImage) of blue"),
        ({"upgrade_channel": "patch", "node_os_channel": "SecurityPatch"}, "(patch) and the"),
    ],
)
def test_upgrades_by_azure_itself_are_a_warning(changes: dict[str, object], said: str) -> None:
    (found,) = check_auto_upgrades(with_blue(**changes))

    assert (found.severity, found.code) == (Severity.WARNING, "AutoUpgradeOn")
    assert said in found.message
    assert "az aks update -n old" in found.remedy
