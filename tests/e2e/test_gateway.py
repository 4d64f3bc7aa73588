"""The command in processes of its own, on a lab with two clusters and a real Envoy."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bascule.upgrade.events import Result
from tests.support.asking import ask
from tests.support.kills import kill_envoy, kill_runtime
from tests.support.network import free_port
from tests.support.site import Site, open_site, wait_until

SEED = 20_261_123
RUNTIME_KILLS = 3
ENVOY_KILLS = 3

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("gateway")
    with open_site(directory, name="e2e", port=free_port()) as site:
        site.start_runtime()
        yield site


@pytest.fixture
def at_work(site: Site) -> Site:
    """The site with a runtime that runs and all traffic on one cluster."""
    if site.runtime is None or site.runtime.poll() is not None:
        site.start_runtime()
    return site


def active(site: Site) -> str:
    return str(site.ask_runtime("status")["active"])


def state_of(site: Site, cluster: str) -> str:
    return str(site.ask_runtime("status")["clusters"][cluster]["state"])


def seeded(number: int) -> Random:
    return Random(SEED + number)  # noqa: S311 - it must be the same every time


def other(cluster: str) -> str:
    return "green" if cluster == "blue" else "blue"


def test_status_shows_both_clusters_and_what_is_live(at_work: Site) -> None:
    status = at_work.status()

    assert {c: known["state"] for c, known in status["clusters"].items()} == {
        "blue": "synced",
        "green": "synced",
    }
    assert status["clusters"]["blue"]["version"].startswith("v1.33")
    assert status["routes"]["total"] > 0
    assert status["live"]["convergence"] == "converged"
    assert status["live"]["weights"] == status["weights"]


def test_a_switch_moves_live_traffic_and_a_rollback_takes_it_back(at_work: Site) -> None:
    source = active(at_work)
    target = other(source)

    switched = at_work.on_gateway("switch", "--from", source, "--to", target, "--yes")
    answered = run_sync(at_work)
    back = at_work.on_gateway("rollback", "--yes", "--reason", "only a test")

    assert (switched.code, switched.document["result"]) == (0, "done")
    assert switched.document["active"] == target
    assert switched.document["command_ms"] > 0
    assert switched.document["operator_ms"] > switched.document["command_ms"]
    assert answered == target
    assert (back.code, back.document["active"]) == (0, source)
    assert run_sync(at_work) == source


def test_text_output_shows_the_resulting_topology(at_work: Site) -> None:
    source = active(at_work)
    state = str(at_work.state_dir.path)

    said = at_work.verb("weights", f"{source}=100", "--yes", "--state", state)

    assert said.code == 0, said.err
    assert [line.split() for line in said.out.splitlines() if line.startswith(source)] == [
        [source, "100", "%", "active"]
    ]


def test_a_switch_from_the_wrong_cluster_is_refused_and_changes_nothing(at_work: Site) -> None:
    source = active(at_work)

    said = at_work.on_gateway("switch", "--from", other(source), "--to", source, "--yes")

    assert said.code == 3
    assert f"{source} is" in said.err
    assert active(at_work) == source


def test_nothing_is_switched_without_a_terminal_or_consent(at_work: Site) -> None:
    source = active(at_work)

    said = at_work.on_gateway("switch", "--from", source, "--to", other(source))

    assert said.code == 2
    assert "--yes" in said.err
    assert active(at_work) == source


def test_a_second_runtime_is_refused_and_the_first_goes_on(at_work: Site) -> None:
    state = str(at_work.state_dir.path)

    said = at_work.verb("run", "-f", str(at_work.file), "--state", state)

    assert said.code == 9
    assert "another runtime" in said.err
    assert run_sync(at_work) == active(at_work)


def test_weights_that_do_not_add_up_are_refused(at_work: Site) -> None:
    said = at_work.on_gateway("weights", "blue=90", "green=20", "--yes")

    assert said.code == 3
    assert "110 %" in said.err


@pytest.mark.parametrize("number", range(RUNTIME_KILLS))
async def test_a_killed_runtime_fails_no_request_and_traffic_follows_the_journal(
    at_work: Site, number: int
) -> None:
    trial = await kill_runtime(at_work, seeded(number))

    assert trial.failures == ()
    assert trial.is_right, trial
    assert trial.result in {Result.DONE, Result.UNKNOWN}


@pytest.mark.parametrize("number", range(ENVOY_KILLS))
async def test_a_killed_envoy_is_back_with_the_split_of_the_journal(
    at_work: Site, number: int
) -> None:
    trial = await kill_envoy(at_work, seeded(number))

    assert trial.is_right, trial


async def test_without_a_runtime_envoy_serves_and_verbs_say_what_they_cannot_know(
    at_work: Site,
) -> None:
    envoy = at_work.envoy_pid()
    source = active(at_work)

    assert at_work.terminate_runtime() == 0
    status = at_work.status()
    refused = at_work.on_gateway("switch", "--from", source, "--to", other(source), "--yes")

    assert await ask(at_work.port) == source
    assert (status["runtime"], status["clusters"], status["active"]) == (None, None, source)
    assert status["envoy"]["pid"] == envoy
    assert refused.code == 6
    assert "bascule run" in refused.err
    at_work.start_runtime()
    assert at_work.envoy_pid() == envoy


def test_a_taken_port_is_said_in_one_line_and_leaves_nothing_behind(
    at_work: Site, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = tmp_path / "gateway.yaml"
        file.write_text(at_work.file.read_text().replace(str(at_work.port), str(port)))
        state = tmp_path / "state"

        said = at_work.verb("run", "-f", str(file), "--state", str(state))

    assert said.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in said.err.splitlines()[0]
    assert not (state / "envoy.pid").exists()
    assert at_work.verb("status", "--state", str(state)).code == 2


def test_a_malformed_kubeconfig_is_said_with_its_file(at_work: Site, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("contexts: 7\n")
    file = tmp_path / "gateway.yaml"
    clusters = "{blue: {kubeconfig: kubeconfig}, green: {kubeconfig: kubeconfig}}"
    file.write_text(f"name: broken\nclusters: {clusters}\n")

    said = at_work.verb("run", "-f", str(file), "--state", str(tmp_path / "state"))

    assert said.code == 2
    assert str(kubeconfig) in said.err
    assert "Traceback" not in said.err


def test_the_table_of_the_runtime_names_the_routes(at_work: Site) -> None:
    table = at_work.ask_runtime("table")

    assert "api.example.test" in {host["name"] for host in table["routes"]["hosts"]}


def test_a_dead_cluster_never_blocks_the_switch_away_from_it(at_work: Site) -> None:
    source = active(at_work)
    target = other(source)

    at_work.kill_cluster(source)
    wait_until(lambda: state_of(at_work, source) == "stale")
    away = at_work.on_gateway("switch", "--from", source, "--to", target, "--yes")
    back = at_work.on_gateway("switch", "--from", target, "--to", source, "--yes")
    answered = run_sync(at_work)

    assert (away.code, away.document["result"]) == (0, "done")
    assert answered == target
    assert back.code == 3
    assert f"the API of {source} is away" in back.document["reason"]


def test_stop_ends_the_runtime_and_envoy(at_work: Site) -> None:
    said = at_work.on_gateway("stop")

    assert said.code == 0
    assert said.document["envoy_stopped"] is not None
    assert at_work.runtime is not None
    assert at_work.runtime.wait(timeout=10) == 0
    with pytest.raises(ConnectionRefusedError):
        run_sync(at_work)
    assert at_work.on_gateway("stop").document == {"runtime_stopped": None, "envoy_stopped": None}


def run_sync(site: Site) -> str:
    """Return which cluster answers through the gateway."""
    return asyncio.run(ask(site.port))
