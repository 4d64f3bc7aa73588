"""Labs as their verbs start and end them: real processes, real files."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import yaml

from bascule.cli.main import main
from bascule.errors import UsageError
from bascule.lab.shop.deploy import load_target, open_api
from bascule.lab.shop.manifests import NAMESPACE
from bascule.lab.shop.rollout import deploy_to_lab
from bascule.lab.supervisor import control
from bascule.lab.supervisor.description import LabDescription, LabDirectory, parse_clusters
from tests.support.waiting import eventually

NAME = "test"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


class Lab:
    """A lab in a state directory of its own."""

    def __init__(self, state: Path) -> None:
        self.environment = {"XDG_STATE_HOME": str(state), "PATH": "/usr/bin"}
        self.pids: set[int] = set()

    async def up(self, clusters: str = "blue=1.33", *, restarts: bool = False) -> LabDirectory:
        description = LabDescription(
            name=NAME, clusters=parse_clusters(clusters), restarts=restarts
        )
        status = await control.bring_up(description, self.environment)
        directory = control.find_lab(NAME, self.environment)
        self.pids.add(msgspec.json.decode(directory.pid.read_bytes())["pid"])
        self.pids.update(cluster.pid for cluster in status.clusters if cluster.pid)
        return directory

    async def down(self, *, keeps_data: bool = False) -> None:
        directory = control.find_lab(NAME, self.environment)
        await control.take_down(directory, keeps_data=keeps_data)

    @property
    def has_processes(self) -> bool:
        return any(_runs(pid) for pid in self.pids)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    lab = Lab(tmp_path / "state")
    yield lab
    try:
        await lab.down()
    except UsageError:
        return


async def test_a_lab_serves_its_shop_and_goes_without_a_trace(lab: Lab) -> None:
    directory = await lab.up("blue=1.33,green=1.36")
    applied = await deploy_to_lab(directory, routes=12)
    status = control.status_of(directory)

    assert status.state == "running"
    assert set(applied) == {"test-blue", "test-green"}
    assert _contexts(directory.kubeconfig) == ["test-blue", "test-green"]
    assert stat.S_IMODE(directory.kubeconfig.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    assert len({cluster.network for cluster in status.clusters}) == 2
    green = load_target(directory.kubeconfig, "test-green")
    async with open_api(green) as api:
        assert (await api.get("/version"))["minor"] == "36"
        answers = [await _ask(pod) for pod in (await api.get(PODS))["items"]]
        ingresses = await api.get(f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses")
        assert len(ingresses["items"]) == 2 + 2
    assert {answer["cluster"] for answer in answers} == {"green"}

    await lab.down()

    assert not lab.has_processes
    assert not directory.path.exists()


async def test_kept_data_comes_back_at_the_same_port(lab: Lab) -> None:
    directory = await lab.up()
    first = control.status_of(directory)
    assert control.status_of(await lab.up()) == first
    with pytest.raises(UsageError, match="running with other settings"):
        await lab.up("blue=1.34")
    before = load_target(directory.kubeconfig)
    async with open_api(before) as api:
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kept"}}
        await api.apply(manifest)

    await lab.down(keeps_data=True)
    assert not lab.has_processes
    assert control.status_of(directory).state == "stopped"
    directory = await lab.up()

    after = load_target(directory.kubeconfig)
    assert after.server == before.server
    assert after.authority == before.authority
    async with open_api(after) as api:
        assert (await api.get("/api/v1/namespaces/kept"))["status"]["phase"] == "Active"


async def test_a_killed_cluster_comes_back_with_its_pods_and_a_killed_supervisor_leaves_nothing(
    lab: Lab,
) -> None:
    directory = await lab.up(restarts=True)
    await deploy_to_lab(directory)
    target = load_target(directory.kubeconfig)
    async with open_api(target) as api:
        before = {_identity(pod) for pod in (await api.get(PODS))["items"]}
    killed = control.status_of(directory).clusters[0].pid
    assert killed is not None

    os.kill(killed, signal.SIGKILL)

    await eventually(lambda: _is_back(directory, killed), within_s=20)
    async with open_api(target) as api:
        assert {_identity(pod) for pod in (await api.get(PODS))["items"]} == before
        await eventually(lambda: _all_ready(api), within_s=15)
        answers = [await _ask(pod) for pod in (await api.get(PODS))["items"]]
    assert {answer["cluster"] for answer in answers} == {"blue"}
    lab.pids.update(c.pid for c in control.status_of(directory).clusters if c.pid)

    supervisor = msgspec.json.decode(directory.pid.read_bytes())["pid"]
    os.kill(supervisor, signal.SIGKILL)
    # Its threads may hold the lock for a moment after the process counts as gone.
    await eventually(lambda: control.status_of(directory).state == "degraded")
    assert not _runs(supervisor)
    await lab.down()

    assert not lab.has_processes
    assert not directory.path.exists()


async def test_up_starts_a_dead_cluster_of_a_running_lab_again_and_leaves_the_others(
    lab: Lab,
) -> None:
    directory = await lab.up("blue=1.33,green=1.36")
    blue, green = control.status_of(directory).clusters
    assert green.pid is not None
    os.kill(green.pid, signal.SIGKILL)
    await eventually(lambda: control.status_of(directory).state == "degraded")

    await lab.up("blue=1.33,green=1.36", restarts=True)

    after = control.status_of(directory)
    assert after.state == "running"
    assert after.clusters[0] == blue
    assert after.clusters[1].pid != green.pid
    assert after.clusters[1].url == green.url
    again = after.clusters[1].pid
    assert again is not None
    os.kill(again, signal.SIGKILL)
    await eventually(lambda: control.status_of(directory).state == "degraded")
    await eventually(lambda: control.status_of(directory).state == "running", within_s=20)


async def test_a_version_that_is_not_known_starts_nothing(lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"1\.99"):
        await lab.up("blue=1.99")

    with pytest.raises(UsageError, match="no lab"):
        control.find_lab(NAME, lab.environment)


def _contexts(kubeconfig: Path) -> list[str]:
    return [context["name"] for context in yaml.safe_load(kubeconfig.read_text())["contexts"]]


def _identity(pod: dict[str, Any]) -> tuple[str, str, str]:
    return pod["metadata"]["name"], pod["metadata"]["uid"], pod["status"]["podIP"]


async def _ask(pod: dict[str, Any]) -> dict[str, Any]:
    url = f"http://{pod['status']['podIP']}:8080/"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def _all_ready(api: Any) -> bool:
    pods = (await api.get(PODS))["items"]
    return all(
        condition["status"] == "True"
        for pod in pods
        for condition in pod["status"]["conditions"]
        if condition["type"] == "Ready"
    )


async def _is_back(directory: LabDirectory, killed: int) -> bool:
    await asyncio.sleep(0)
    cluster = control.status_of(directory).clusters[0]
    return cluster.state == "running" and cluster.pid != killed


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_verbs_start_show_fill_and_end_a_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin")

    def call(*arguments: str) -> str:
        assert main(["lab", *arguments]) == 0
        return capsys.readouterr().out

    try:
        up = msgspec.json.decode(
            call("up", "--clusters", "blue=1.36", "--nodes", "2", "--shop", "--output", "json")
        )
        assert up["state"] == "running"
        assert msgspec.json.decode(call("up", "--output", "json")) == up
        assert main(["lab", "up", "--nodes", "3"]) == 2
        assert "other settings" in capsys.readouterr().err
        exports = call("env")
        assert f"export KUBECONFIG={tmp_path}/bascule/lab/lab/kubeconfig" in exports
        assert f"export PATH={Path(sys.executable).parent}:/usr/bin" in exports
        assert "lab-blue" in call("status")
        deployed = msgspec.json.decode(call("shop", "deploy", "--routes", "5", "-o", "json"))
        assert deployed["applied"]["lab-blue"] > 5
        assert "its data is kept" in call("down", "--keep-data")
        assert "stopped" in call("status")
    finally:
        assert "Lab lab is down." in call("down")
    assert not (tmp_path / "bascule/lab/lab").exists()
    assert main(["lab", "down"]) == 2
