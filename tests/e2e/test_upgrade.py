"""Whole upgrades in processes of their own, on a lab with two clusters and a real Envoy."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.asking import ask
from tests.support.network import free_port
from tests.support.site import HOST, Site, open_site, wait_until

pytestmark = pytest.mark.timeout(120)

_UPGRADE = """\
name: {name}
gateway: gateway.yaml
sync: {{timeout: 20s}}
verify: {{hold: 100ms}}
steps:
  - {{{first}, hold: 100ms, approval: {approval}}}
  - {{weight: 100, hold: 100ms}}
analysis: {{minRequests: 0, maxWait: 5s, checks: [{checks}]}}
bake: {{hold: 100ms}}
retire: {{policy: never}}
"""
ASKED = 20
"""So many requests would all go to green by chance next to never."""
NO = "{name: always-no, type: command, run: ['false'], every: 1s, failuresMax: 0}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("upgrade")
    with open_site(directory, name="upgrade", port=free_port()) as site:
        yield site


def write_upgrade(
    site: Site, name: str, *, first: str = "weight: 10", approval: bool = True, checks: str = ""
) -> Path:
    file = site.directory / f"{name}.yaml"
    said = str(approval).lower()
    file.write_text(_UPGRADE.format(name=name, first=first, approval=said, checks=checks))
    return file


def await_gate(site: Site, name: str) -> None:
    def waits() -> bool:
        found = site.upgrade()
        return found.get("name") == name and bool(found.get("approval"))

    wait_until(waits)


def test_a_gate_that_fails_rolls_the_upgrade_back_by_itself_and_says_why(site: Site) -> None:
    file = write_upgrade(site, "refused", checks=NO)

    with site.starting_upgrade(file) as begun:
        code = begun.await_end()
        said = begun.said
    explained = site.on_upgrade("explain", "refused").document

    assert code == 8, said
    assert "always-no" in said
    assert site.upgrade()["rollback"]["is_automatic"] is True
    assert any("always-no" in line for line in explained["why"])


def test_the_runtime_that_holds_the_gateway_takes_the_upgrade_and_obeys_its_verbs(
    site: Site,
) -> None:
    site.start_runtime()
    file = write_upgrade(site, "taken")

    detached = site.verb(*_start(site, file), "--yes", "--detach")
    await_gate(site, "taken")
    paused = site.on_upgrade("pause", "--reason", "lunch")
    wrong = site.on_upgrade("approve", "--gate", "none")
    by_hand = site.on_upgrade("weights", "green=30")
    meanwhile = site.on_gateway("weights", "blue=50", "--yes")
    other = site.verb(*_start(site, write_upgrade(site, "other")), "--yes")
    back = site.on_gateway("rollback", "--yes", "--reason", "enough")
    wait_until(lambda: site.upgrade()["posture"] is None)

    assert detached.code == 0, detached.err
    assert paused.document["upgrade"]["posture"] == "paused"
    assert (wrong.code, "shift-10" in wrong.err) == (3, True)
    assert by_hand.document["upgrade"]["weights"]["default"]["green_bp"] == 3000
    assert (meanwhile.code, "bascule upgrade weights taken" in meanwhile.err) == (3, True)
    assert other.code == 3
    assert "taken" in other.err
    assert back.code == 0, back.err
    assert site.status()["weights"]["default"]["blue_bp"] == 10_000
    assert site.upgrade()["stage"] == "rolled_back"
    assert site.terminate_runtime() == 0


def test_an_upgrade_that_is_frozen_and_interrupted_is_gone_on_with_and_completed(
    site: Site,
) -> None:
    file = write_upgrade(site, "first", first=f"hosts: [{HOST}]")

    with site.starting_upgrade(file, "--reason", "it is time") as begun:
        await_gate(site, "first")
        answering = {asyncio.run(ask(site.port)) for _ in range(ASKED)}
        begun.process.send_signal(signal.SIGSTOP)
        second = site.verb(*_start(site, file), "--yes")
        begun.process.send_signal(signal.SIGCONT)
        begun.process.send_signal(signal.SIGINT)
        interrupted = begun.await_end()
        said = begun.said
    meanwhile = site.upgrade()
    with site.starting_upgrade(file) as resumed:
        resumed.await_text("going on with first")
        approved = site.on_upgrade("approve")
        code = resumed.await_end()

    assert second.code == 9
    assert f"process {begun.process.pid} holds {site.state_dir.path}" in second.err
    assert interrupted == 7
    assert f"bascule upgrade start -f {file}" in said
    assert (meanwhile["stage"], meanwhile["runtime"]) == ("shift", None)
    assert meanwhile["weights"]["default"]["green_bp"] == 0
    assert meanwhile["weights"]["by_host"] == {HOST: {"blue_bp": 0, "green_bp": 10_000}}
    assert answering == {"green"}
    assert approved.code == 0, approved.err
    assert code == 0
    assert site.upgrade()["stage"] == "completed"
    assert site.on_upgrade("verify-journal").document["is_clean"] is True
    (page,) = site.state_dir.reports.glob("first-*.html")
    assert page.stat().st_mode & 0o777 == 0o600


def _start(site: Site, file: Path) -> tuple[str, ...]:
    return ("upgrade", "start", "-f", str(file), "--state", str(site.state_dir.path))
