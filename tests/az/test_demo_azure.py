import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.support.azure_place import azure_turn
from tests.support.demos import environments, start_demo

TURN_S = 120.0
STORY_S = 180.0

pytestmark = pytest.mark.timeout(320)  # other tests may have the machine's one place for an Azure


def tell(report: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """Tell a story and return its document, and the mark of its processes."""
    mark = uuid.uuid4().hex
    with azure_turn(TURN_S):
        demo = start_demo(mark, "--azure", "--report", str(report), "--output", "json", *arguments)
        out, said = demo.communicate(timeout=STORY_S)
    assert demo.returncode == 0, f"{said}\n{out}"
    return json.loads(out.strip().splitlines()[-1]), mark


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """Tell the story of the gateway's own rules once."""
    return tell(tmp_path_factory.mktemp("demo") / "report.html")


def test_requests_go_through_the_gateway_to_pods_of_both_clusters_and_none_fails(
    told: tuple[dict[str, Any], str],
) -> None:
    document, _ = told

    assert document["failed"] == 0
    assert document["answers_by_cluster"]["blue"] > 0
    assert document["answers_by_cluster"]["green"] > 0
    assert document["answers_by_cluster"]["unknown"] == 0
    assert document["wrong_cluster_after_effective"] == 0
    assert document["streams"]["reset"] == 0
    assert document["duplicate_effects"] == 0


def test_a_canary_a_switch_and_a_rollback_cost_one_update_of_the_gateway_each(
    told: tuple[dict[str, Any], str],
) -> None:
    document, _ = told

    puts = {name: command["puts"] for name, command in document["commands"].items()}
    assert puts == dict.fromkeys(("try-host", "try-switch", "rollback", "host", "switch"), 1)
    assert [each["stage"] for each in document["upgrades"]] == ["rolled_back", "completed"]
    assert document["last_old_answer_ms"]["p90"] is not None


def test_the_upgrade_makes_green_and_removes_blue(told: tuple[dict[str, Any], str]) -> None:
    document, _ = told

    evidence = json.loads(Path(document["report"]).with_suffix(".json").read_text())
    status_by_step = {step["key"]: step["status"] for step in evidence["steps"]}
    assert status_by_step["remove-blue"] == "done"
    assert "make-green" not in status_by_step  # the first try has made it, and left it
    assert document["azure"]["clusters"] == {"blue": None, "green": "Succeeded"}
    assert document["azure"]["left_to_do"] == []
    assert document["azure"]["findings"] == ["BlueRetired"]
    kinds = ("managedClusters", "applicationGateways", "virtualNetworks", "publicIPAddresses")
    assert [document["azure"]["resources"][kind] for kind in kinds] == [1, 1, 1, 2]
    pods = [each for addresses in document["azure"]["pools"].values() for each in addresses]
    assert len(pods) == len(set(pods)) == 7


def test_blue_goes_only_once_the_rules_and_azure_monitor_show_it_idle(
    told: tuple[dict[str, Any], str],
) -> None:
    document, _ = told

    evidence = json.loads(Path(document["report"]).with_suffix(".json").read_text())
    idle = next(step for step in evidence["steps"] if step["key"] == "retire-idle")
    assert "no rule of the gateway leads clients to blue" in idle["reason"]


def test_no_process_is_left_of_it(told: tuple[dict[str, Any], str]) -> None:
    _, mark = told

    assert environments(mark) == []


def test_with_envoys_green_gets_shares_and_no_change_is_an_update_of_the_gateway(
    tmp_path: Path,
) -> None:
    document, _ = tell(tmp_path / "report.html", "--envoys")

    assert document["failed"] == 0
    assert document["wrong_cluster_after_effective"] == 0
    assert {command["puts"] for command in document["commands"].values()} == {0}
    assert list(document["commands"]) == [
        *("try-5 %", "try-25 %", "try-switch", "rollback"),
        *("5 %", "25 %", "switch"),
    ]
    assert document["azure"]["clusters"] == {"blue": None, "green": "Succeeded"}
