"""`make azure-real` against the lab as against Azure: it asks, writes facts, leaves nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house import rules
from tests.support.real_az import LAB, LIMIT_S, RealAz, azure_lab
from tests.support.waiting import eventually

GROUP = "Throw_Away"


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAz]:
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        yield az


def begin(az: RealAz, output: Path, *more: str) -> subprocess.Popen[str]:
    given = az.environment
    options = {
        "--subscription": given["AZURE_SUBSCRIPTION_ID"],
        "--resource-group": GROUP,
        "--cloud": given["AZURE_RESOURCE_MANAGER_ENDPOINT"],
        "--location": "chinanorth2",
        "--port": "8080",
        "--slow-path": "/slow?ms={ms}",
        "--drain": "1",
        "--longest": "4",
        "--patience": "10",
        "--output": str(output),
    }
    words = [word for pair in options.items() for word in pair]
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.azure_real", *words, *more],
        cwd=rules.ROOT,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def slow_down(az: RealAz) -> None:
    """Let changes of gateways take so long that requests see them come about.

    The two instances differ for a third of the time: for 16 samples, each answered by either.
    Only the first ones, the last of which is the one that is looked at, take long.
    """
    words = ("--operation", "PutApplicationGateway", "--seconds", "2.4", "--times", "4")
    subprocess.run(
        ["bascule", "lab", "fault", "add", "slow", *words, "--name", LAB],
        env=az.environment,
        capture_output=True,
        timeout=LIMIT_S,
        check=True,
    )


def run(az: RealAz, output: Path, *more: str) -> tuple[int, str]:
    with begin(az, output, *more) as process:
        said, _ = process.communicate(timeout=LIMIT_S)
    return process.returncode, said


def load(output: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(output.read_text())
    return document


def test_without_a_yes_it_tells_time_and_cost_and_makes_nothing(az: RealAz, tmp_path: Path) -> None:
    code, said = run(az, tmp_path / "facts.json")
    _, less = run(az, tmp_path / "facts.json", "--only", "if_match")

    assert code == 1
    assert "time: about" in said
    assert "2 node(s) Standard_D2s_v5" in said
    assert "20 capacity units" in said
    assert "1 node(s) Standard_D2s_v5" in less
    assert said.endswith("nothing was made\n")
    assert az.ask("group", "list") == []


def test_a_group_that_exists_is_left_alone(az: RealAz, tmp_path: Path) -> None:
    az.run("group", "create", "-n", GROUP, "-l", "chinanorth2")

    refused, why = run(az, tmp_path / "facts.json", "--yes")
    kept, why_kept = run(az, tmp_path / "facts.json", "--remove")

    assert (refused, kept) == (2, 2)
    assert "exists" in why
    assert "lacks the tag" in why_kept
    az.run("group", "delete", "-n", GROUP, "--yes")


def test_it_answers_its_questions_and_removes_everything(az: RealAz, tmp_path: Path) -> None:
    output = tmp_path / "facts.json"
    prices = tmp_path / "prices.yaml"
    prices.write_text("{currency: EUR, machines: {Standard_D2s_v5: 0.1}}")

    slow_down(az)

    code, said = run(az, output, "--yes", "--prices", str(prices))
    document = load(output)

    assert code == 0, said
    assert "cost: the nodes 0.20 EUR an hour" in said
    assert az.ask("group", "list") == []
    assert (document["format"], document["cloud"]) == (1, "other")
    assert (document["is_whole"], document["is_all_removed"]) == (True, True)
    assert az.environment["AZURE_SUBSCRIPTION_ID"] not in output.read_text()
    facts = document["facts"]
    assert all(fact["question"].endswith("?") for fact in facts.values())
    answers = {key: fact["answer"] for key, fact in facts.items()}
    assert answers.pop("drain") in {"cuts nothing", "cuts past the time-out"}
    assert answers == {
        "if_match": "honoured",
        "body_size": "takes 8.0 MiB, refuses 17.0 MiB",
        "mixture": "mixed",
        "activity_log": "beginning and end",
        "driver_contract": "held in 15 cases",
        "wide_document": "taken, and a restart writes nothing",
        "two_overlay_clusters": "no pod",
        "unused_pool": "not probed",
        "health": "of a pool without a rule: getBackendHealthOnDemand",
        "first_answer": "at once, cold and warm",
        "metrics": "in time",
        "access_logs": "in time",
        "retry_after": "said",
    }
    assert facts["driver_contract"]["is_gateway_as_before"] is True
    assert facts["wide_document"]["is_gateway_as_before"] is True
    assert facts["two_overlay_clusters"]["reached"] == ["one-balancer", "two-balancer"]
    assert facts["metrics"]["counted"] >= facts["metrics"]["sent"] > 0
    operations = facts["retry_after"]["operations"]
    made = operations["PUT Microsoft.Network/applicationGateways"][0]
    assert made["took_s"] > 0
    assert made["words"][-1] == "Succeeded"
    assert made["retry_after_s"][0][0] == 0.1


async def test_interrupted_it_removes_what_it_made(az: RealAz, tmp_path: Path) -> None:
    output = tmp_path / "facts.json"
    with begin(az, output, "--yes") as process:
        await eventually(lambda: az.ask("aks", "list") != [], within_s=60)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=LIMIT_S)

    assert process.returncode == 130
    assert "interrupted" in said
    assert az.ask("group", "list") == []
    assert load(output)["is_whole"] is False


async def test_a_terminal_that_is_closed_leaves_nothing_either(az: RealAz, tmp_path: Path) -> None:
    output = tmp_path / "facts.json"
    with begin(az, output, "--yes") as process:
        await eventually(lambda: az.ask("aks", "list") != [], within_s=60)
        assert process.stdout is not None
        process.stdout.close()
        process.send_signal(signal.SIGHUP)
        process.wait(timeout=LIMIT_S)

    assert az.ask("group", "list") == []
    assert load(output)["is_all_removed"] is True


async def test_what_a_killed_run_left_is_removed_on_demand(az: RealAz, tmp_path: Path) -> None:
    output = tmp_path / "facts.json"
    with begin(az, output, "--yes") as process:
        await eventually(output.exists, within_s=60)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=LIMIT_S)
    left = [each["name"] for each in az.ask("group", "list")]
    known = load(output)

    code, said = run(az, output, "--remove")

    assert GROUP in left
    assert known["facts"]["if_match"]["answer"] == "honoured"
    assert (known["is_whole"], known["is_all_removed"]) == (False, False)
    assert (code, said.splitlines()[-1]) == (0, "everything is removed")
    assert az.ask("group", "list") == []
