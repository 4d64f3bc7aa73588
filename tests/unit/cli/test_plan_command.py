import json
from pathlib import Path

import pytest

from bascule.cli.main import main
from tests.support.specs import SMALL


def plan(tmp_path: Path, text: str, *arguments: str) -> int:
    file = tmp_path / "upgrade.yaml"
    file.write_text(SMALL + text)
    return main(["plan", "-f", str(file), "--offline", *arguments])


def test_a_plan_ends_with_the_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = plan(tmp_path, "")

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0].startswith("upgrade shop-1-36 on the gateway shop")
    assert lines[-1] == f"next: bascule upgrade start -f {tmp_path}/upgrade.yaml"


def test_a_plan_is_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = plan(tmp_path, "analysis: {successRate: {min: null}}\n", "--output", "json")

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["plan"]["name"] == "shop-1-36"
    assert len(document["digest"]) == 64
    assert [found["code"] for found in document["findings"]] == ["HoldWithoutGate"]
    assert document["estimate_s"] > 86_400
    assert document["not_estimated"] == ["sync", "retire-approval"]


def test_a_wrong_spec_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(tmp_path, "stepz: []\n") == 2
    assert "upgrade.yaml:8:1: stepz" in capsys.readouterr().err


ALWAYS_FROZEN = 'freeze: [{from: "00:00", to: "24:00"}]\n'


def test_a_blocker_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(tmp_path, ALWAYS_FROZEN) == 3

    captured = capsys.readouterr()
    assert "BLOCKER  a freeze (freeze) lasts for more than a year" in captured.out
    assert "error: one thing stands against this upgrade: see BLOCKER above" in captured.err


def test_a_blocker_leaves_the_json_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(tmp_path, ALWAYS_FROZEN, "-o", "json") == 3

    document = json.loads(capsys.readouterr().out)
    assert document["findings"][0]["code"] == "FreezeWithoutEnd"
