"""The real az changes what `bascule platform` has made: a plan shows it, apply puts it right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.az.test_az_network import GROUP, ITSELF, article_port
from tests.support.platforms import EXAMPLES
from tests.support.real_az import RealAz, azure_lab

POOL = (*GROUP, "--cluster-name", "old", "--name", "nodepool1")


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAz]:
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        yield az


@pytest.fixture(scope="module")
def file(az: RealAz, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The article's platform in the lab's cloud, on a port that may be bound."""
    text = (EXAMPLES / "platform-article.yaml").read_text()
    text = text.replace("AzureChinaCloud", az.environment["AZURE_RESOURCE_MANAGER_ENDPOINT"])
    for port in article_port()[1:]:
        text = text.replace("  # port: 80 ", f"  port: {port} # ")
    written = tmp_path_factory.mktemp("platform") / "platform.yaml"
    written.write_text(text)
    return written


def changes(az: RealAz, file: Path) -> dict[str, list[tuple[str, Any, Any]]]:
    """Return what a plan would do, by the name of the resource."""
    plan = az.bascule("platform", "plan", "-f", str(file))
    return {
        action["name"]: [
            (each["field"], each["before"], each["after"]) for each in action["changes"]
        ]
        for action in plan["actions"]
        if action["op"] != "leave"
    }


def test_a_platform_that_was_applied_is_seen_by_az_and_its_plan_is_empty(
    az: RealAz, file: Path
) -> None:
    az.bascule("platform", "apply", "-f", str(file), "--yes")

    assert changes(az, file) == {}
    clusters = az.ask("aks", "list", *GROUP)
    assert [(each["name"], each["provisioningState"]) for each in clusters] == [
        ("old", "Succeeded")
    ]
    assert az.ask("network", "application-gateway", "show", *ITSELF)["sku"]["capacity"] == 2


def test_what_az_changes_is_drift_and_apply_puts_it_right(az: RealAz, file: Path) -> None:
    az.run("network", "application-gateway", "update", *ITSELF, "--capacity", "4")
    az.run("aks", "nodepool", "scale", *POOL, "--node-count", "2")
    (grant,) = [
        each["id"]
        for each in az.ask("role", "assignment", "list", "--all")
        if each.get("description") == "bascule-platform: aks-upgrade"
    ]
    az.run("role", "assignment", "delete", "--ids", grant)

    found = changes(az, file)
    applied = az.bascule("platform", "apply", "-f", str(file), "--yes")

    assert found == {
        "AppGateway": [("sku.capacity", 4, 2)],
        "nodepool1 of old": [("count", 2, 3)],
        "Network Contributor on AksSubnet for old": [],
    }
    assert sorted((*applied["made"], *applied["changed"])) == [
        "gateway AppGateway",
        "node pool nodepool1 of old",
        "role assignment Network Contributor on AksSubnet for old",
    ]
    assert changes(az, file) == {}
    assert az.ask("aks", "nodepool", "show", *POOL)["count"] == 3


def test_what_az_adds_that_the_file_does_not_speak_of_is_no_drift(az: RealAz, file: Path) -> None:
    az.run(
        *("network", "application-gateway", "address-pool", "create", *GROUP),
        *("--gateway-name", "AppGateway", "--name", "more", "--servers", "10.240.0.99"),
    )
    az.run("network", "application-gateway", "update", *ITSELF, "--set", "tags.team=shop")

    assert changes(az, file) == {}
