"""Two upgrades in a row on one gateway: a to b, then b to c; names in files never move traffic."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.asking import under_load
from tests.support.network import free_port
from tests.support.site import Site, wait_until
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(120)

NAME = "next"
RATE = 40.0
_GATEWAY = """\
name: next
clusters:
  blue: {{kubeconfig: {kubeconfig}, context: next-{blue}}}
  green: {{kubeconfig: {kubeconfig}, context: next-{green}}}
listeners:
  - {{name: http, port: {port}}}
gateway: {{type: envoy, concurrency: 1}}
report: []
"""
_UPGRADE = """\
name: {name}
gateway: {file}
sync: {{timeout: 20s}}
verify: {{hold: 100ms}}
steps:
  - {{weight: 10, hold: 100ms}}
  - {{weight: 100, hold: 100ms}}
analysis: {{minRequests: 0, maxWait: 5s, latency: []}}
bake: {{hold: 100ms}}
retire: {{hold: 0s, idle: 100ms}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("next")
    home = directory / "home"
    environment = {**os.environ, "XDG_STATE_HOME": str(home)}
    site = Site(directory=directory, name=NAME, port=free_port(), environment=environment)
    try:
        up = site.verb("lab", "up", "--name", NAME, "--shop", "--clusters", "a=1.33,b=1.34,c=1.36")
        assert up.code == 0, up.err
        yield site
    finally:
        site.close()
        site.verb("lab", "down", "--name", NAME)


def write(site: Site, name: str, blue: str, green: str) -> Path:
    """Write the gateway's file, and return an upgrade's file for it."""
    kubeconfig = site.directory / "home" / "bascule" / "lab" / NAME / "kubeconfig"
    text = _GATEWAY.format(kubeconfig=kubeconfig, blue=blue, green=green, port=site.port)
    site.file.write_text(text)
    upgrade = site.directory / f"{name}.yaml"
    upgrade.write_text(_UPGRADE.format(name=name, file=site.file))
    return upgrade


def upgrade(site: Site, file: Path, old: str) -> None:
    """Bring an upgrade to its end, the approval to retire `old` included."""
    begun = site.verb("upgrade", "start", "-f", str(file), *_state(site), "--yes", "--detach")
    assert begun.code == 0, begun.err
    wait_until(lambda: bool(site.ask_runtime("upgrade")["approval"]))
    said = site.on_upgrade("approve", "--gate", "retire", "--typed", f"next-{old}")
    assert said.code == 0, said.err
    wait_until(lambda: site.ask_runtime("upgrade")["posture"] is None)
    assert site.ask_runtime("upgrade")["stage"] == "completed"


def _state(site: Site) -> tuple[str, str]:
    return ("--state", str(site.state_dir.path))


def is_synced(site: Site) -> bool:
    status = site.ask_runtime("status")
    states = {cluster["state"] for cluster in status["clusters"].values()}
    return states == {"synced"} and not status["is_pending"]


def kinds(site: Site) -> list[str]:
    said = site.on_upgrade("history")
    return [record["kind"] for record in said.document["records"]]


async def test_the_next_upgrade_begins_where_the_last_one_ended(site: Site) -> None:
    first = write(site, "first", "a", "b")
    await asyncio.to_thread(site.start_runtime)

    async with under_load(site.port, rate=RATE) as load:
        await asyncio.to_thread(upgrade, site, first, "a")
        done = len(load.answers)
        ended = await asyncio.to_thread(site.terminate_runtime)
        write(site, "wrong", "c", "a")
        refused = await asyncio.to_thread(site.verb, "run", "-f", str(site.file), *_state(site))
        second = write(site, "second", "b", "c")
        planned = await asyncio.to_thread(site.verb, "plan", "-f", str(second), *_state(site))
        await asyncio.to_thread(site.start_runtime)
        await eventually(lambda: is_synced(site), within_s=30)
        swapped = site.status()
        meanwhile = {answer.cluster for answer in load.answers[done:]}
        await asyncio.to_thread(upgrade, site, second, "b")
        moved = len(load.answers)
        await eventually(lambda: len(load.answers) > moved)

    assert [(a.number, a.error) for a in load.failures] == []
    assert ended == 0
    assert (refused.code, "next-b" in refused.err) == (3, True), refused.err
    assert planned.code == 0, planned.err
    assert meanwhile == {"b"}
    assert swapped["weights"]["default"]["blue_bp"] == 10_000
    assert {a.cluster for a in load.answers[moved:]} == {"c"}
    assert kinds(site).count("clusters_swapped") == 1
    assert site.on_upgrade("verify-journal").document["is_clean"] is True
