"""The real az signs in to the lab's Azure and works with resource groups and principals."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.real_az import CREDENTIAL, GROUPS, RealAz, azure_lab

GROUPS_BY_SDK = (
    CREDENTIAL
    + GROUPS
    + """
made = client.resource_groups.create_or_update("by-sdk", {"location": "eastus"})
exists = client.resource_groups.check_existence("by-sdk")
listed = sorted(group.name for group in client.resource_groups.list())
client.resource_groups.begin_delete("by-sdk").result()
left = client.resource_groups.check_existence("by-sdk")
print(json.dumps({"made": made.location, "exists": exists, "listed": listed, "left": left}))
"""
)


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAz]:
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        yield az


def test_az_knows_the_account_without_asking_anybody(az: RealAz) -> None:
    account = az.ask("account", "show")

    assert account["environmentName"] == "lab"
    assert account["id"] == az.environment["AZURE_SUBSCRIPTION_ID"]


def test_az_makes_lists_changes_and_deletes_a_group(az: RealAz) -> None:
    made = az.ask("group", "create", "--name", "AKS_Upgrade", "--location", "China North 2")
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert made["location"] == "chinanorth2"
    assert [group["name"] for group in az.ask("group", "list")] == ["AKS_Upgrade"]
    assert az.ask("group", "exists", "--name", "AKS_Upgrade") is True
    changed = az.ask("group", "update", "--name", "AKS_Upgrade", "--set", "tags.team=shop")
    assert changed["tags"] == {"team": "shop"}
    assert az.ask("resource", "list", "--resource-group", "AKS_Upgrade") == []
    refused = az.run("group", "create", "--name", "AKS_Upgrade", "--location", "eastus", code=1)
    assert "InvalidResourceGroupLocation" in refused

    az.run("group", "delete", "--name", "AKS_Upgrade", "--yes")

    assert az.ask("group", "exists", "--name", "AKS_Upgrade") is False
    assert "ResourceGroupNotFound" in az.run("group", "show", "--name", "AKS_Upgrade", code=3)


def test_a_new_principal_may_do_what_its_role_says_and_nothing_else(
    az: RealAz, tmp_path: Path
) -> None:
    group = az.ask("group", "create", "--name", "shop", "--location", "eastus")
    made = az.ask(
        *("ad", "sp", "create-for-rbac", "--name", "deployer"),
        *("--role", "Reader", "--scopes", group["id"]),
    )
    who = {
        "AZURE_CONFIG_DIR": str(tmp_path),
        "AZURE_CLIENT_ID": made["appId"],
        "AZURE_CLIENT_SECRET": made["password"],
    }
    for name in ("config", "clouds.config"):
        (tmp_path / name).write_bytes((az.directory.azure_config / name).read_bytes())
    deployer = RealAz(directory=az.directory, environment={**az.environment, **who})
    deployer.sign_in()

    assert [each["name"] for each in deployer.ask("group", "list")] == ["shop"]
    refused = deployer.run("group", "create", "--name", "other", "--location", "eastus", code=1)
    assert "AuthorizationFailed" in refused
    counts = az.requests()["callers"][made["appId"]]
    assert counts["writes"] == 1

    az.run("group", "delete", "--name", "shop", "--yes")


def test_the_activity_log_names_who_wrote_what(az: RealAz) -> None:
    az.run("group", "create", "--name", "logged", "--location", "eastus")
    az.run("group", "delete", "--name", "logged", "--yes")

    events = az.ask("monitor", "activity-log", "list", "--offset", "1h", "-g", "logged")

    seen = [(each["operationName"]["value"], each["status"]["value"]) for each in events]
    prefix = "Microsoft.Resources/subscriptions/resourceGroups"
    assert seen == [
        (f"{prefix}/delete", "Succeeded"),
        (f"{prefix}/delete", "Accepted"),
        (f"{prefix}/write", "Succeeded"),
    ]
    assert {each["caller"] for each in events} == {az.environment["AZURE_CLIENT_ID"]}


def test_az_signs_in_as_the_machine_and_sees_what_it_may(az: RealAz, tmp_path: Path) -> None:
    for name in ("config", "clouds.config"):
        (tmp_path / name).write_bytes((az.directory.azure_config / name).read_bytes())
    environment = {**az.environment, "AZURE_CONFIG_DIR": str(tmp_path)}
    machine = RealAz(directory=az.directory, environment=environment)

    told = machine.run("login", "--identity", "--allow-no-subscriptions", "--output", "json")

    assert [each["user"]["name"] for each in json.loads(told)] == ["systemAssignedIdentity"]
    assert all(each["name"] != "Bascule lab" for each in json.loads(told))


def test_the_sdk_does_the_same(az: RealAz) -> None:
    told = az.python(GROUPS_BY_SDK)

    assert told == {"made": "eastus", "exists": True, "listed": ["by-sdk"], "left": False}
