import json

import pytest

from bascule.cli.main import main
from tests.support.azure_facts import GROUP, SUBSCRIPTION, cluster_id


@pytest.mark.parametrize("role", ["viewer", "gateway-writer", "provisioner"])
def test_a_role_is_printed_as_one_document(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rights", "--role", role, "--scope", GROUP]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["Name"] == f"Bascule {role}"
    assert document["AssignableScopes"] == [GROUP]


def test_without_a_scope_it_is_for_the_subscription(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", SUBSCRIPTION.rpartition("/")[2])

    assert main(["rights", "--role", "viewer"]) == 0
    assert json.loads(capsys.readouterr().out)["AssignableScopes"] == [SUBSCRIPTION]


def test_the_decommissioner_is_for_a_cluster_and_for_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rights", "--role", "decommissioner", "--scope", cluster_id("old")]) == 0
    assert json.loads(capsys.readouterr().out)["Name"] == "Bascule decommissioner of old"

    assert main(["rights", "--role", "decommissioner", "--scope", GROUP]) == 2
    assert "is for one cluster" in capsys.readouterr().err
