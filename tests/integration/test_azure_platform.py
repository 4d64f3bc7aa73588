"""`bascule platform` against the lab's Azure over HTTPS, as a user calls it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bascule.app.azure_platform import PlatformHome, open_azure_platform
from bascule.app.clock import SystemClock
from bascule.app.planning import Stages
from bascule.app.platform_planning import fetch_stages
from bascule.checks.findings import Severity
from bascule.cli.main import main
from bascule.ids import Cluster
from bascule.spec.upgrade import AzurePlatform
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb
from tests.support.azure_site import GROUP, AzureSite, Caller, azure_site, make_article_platform
from tests.support.platforms import EXAMPLES
from tests.support.waiting import eventually

GATEWAYS = "Microsoft.Network/applicationGateways"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
CLUSTERS = "Microsoft.ContainerService/managedClusters"
ARTICLE = EXAMPLES / "platform-article.yaml"
WITH_GREEN = EXAMPLES / "platform-green.yaml"


class Desk:
    """Calls `bascule platform` as the owner of a subscription, and reads what it prints."""

    def __init__(
        self,
        site: AzureSite,
        directory: Path,
        patch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.site = site
        self.caller: Caller = site.add_caller("owner", "Owner")
        self._state = directory / "state"
        self._capsys = capsys
        for name, value in site.environment(self.caller).items():
            patch.setenv(name, value)

    def run(self, verb: str, *arguments: str) -> tuple[int, str, str]:
        state = () if verb == "init" else ("--state", str(self._state))
        code = main(["platform", verb, *arguments, *state, "--cloud", self.site.url])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def ask(self, verb: str, *arguments: str) -> tuple[int, Any]:
        code, out, _ = self.run(verb, *arguments, "--output", "json")
        return code, json.loads(out.splitlines()[0])

    def apply(self, file: Path) -> Any:
        code, document = self.ask("apply", "-f", str(file), "--yes")
        assert code == 0, document
        return document

    def plan(self, file: Path) -> Any:
        return self.ask("plan", "-f", str(file))[1]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AzureSite]:
    with azure_site(tmp_path) as found:
        yield found


@pytest.fixture
def desk(
    site: AzureSite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    return Desk(site, tmp_path, monkeypatch, capsys)


def _ops(plan: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for action in plan["actions"]:
        found.setdefault(action["op"], []).append(action["name"])
    return found


def test_the_articles_platform_is_made_once_and_drift_is_shown(desk: Desk, site: AzureSite) -> None:
    first = desk.apply(ARTICLE)
    writes = site.writes_of(desk.caller)
    second = desk.apply(ARTICLE)

    assert "cluster old" in first["made"]
    assert (second["made"], second["changed"]) == ([], [])
    assert site.writes_of(desk.caller) == writes
    gateway = site.id_of(GATEWAYS, "AppGateway")
    document = dict(site.ask("GET", gateway))
    document["properties"]["sku"]["capacity"] = 5
    site.put(gateway, document)
    plan = desk.plan(ARTICLE)
    assert _ops(plan)["change"] == ["AppGateway"]
    (change,) = next(a for a in plan["actions"] if a["op"] == "change")["changes"]
    assert (change["field"], change["before"], change["after"]) == ("sku.capacity", 5, 2)
    assert desk.apply(ARTICLE)["changed"] == ["gateway AppGateway"]
    assert desk.plan(ARTICLE)["is_empty"]


def test_a_platform_that_exists_is_written_down_and_needs_only_rights(
    desk: Desk, site: AzureSite, tmp_path: Path
) -> None:
    make_article_platform(site)
    file = tmp_path / "platform.yaml"

    code, _, _ = desk.run("init", "--from-azure", "-g", GROUP, "--output-file", str(file))
    plan = desk.plan(file)

    assert code == 0
    assert set(_ops(plan)) == {"create", "leave"}
    assert _ops(plan)["create"] == ["Network Contributor on AksSubnet for old"]


def test_green_is_made_beside_a_blue_of_others_and_it_alone_is_removed(
    desk: Desk, site: AzureSite
) -> None:
    make_article_platform(site)
    code, made = desk.ask("apply", "-f", str(WITH_GREEN), "--yes")

    assert code == 0, made
    green = site.ask("GET", site.id_of(CLUSTERS, "new"))
    assert green["properties"]["currentKubernetesVersion"].startswith("1.36.")
    assert green["properties"]["agentPoolProfiles"][0]["count"] == 4
    assert green["tags"]["bascule-platform"] == "aks-upgrade"
    assert desk.plan(WITH_GREEN)["is_empty"]

    gone = ("destroy", "-f", str(WITH_GREEN), "--despite-traffic", "AppGateway")
    code, out, told = desk.run(*gone, "--dry-run")
    assert code == 3
    assert "is not removed" in told
    named = " ".join(out.split()).split("--approve ")[1:]
    approved = [word for each in named for word in ("--approve", each.split()[0])]
    assert desk.run(*gone, *approved, "--name", "other")[0] == 2
    code, document = desk.ask(*gone, *approved, "--name", "aks-upgrade")

    assert code == 0, document
    assert "cluster new" in document["removed"]
    left = {each["name"] for each in site.ask("GET", f"{site.group}/resources")["value"]}
    assert left == {"AksVnet", "AppGatewayIp", "AppGateway", "old"}


def test_a_gateway_that_carries_traffic_is_not_removed(desk: Desk, site: AzureSite) -> None:
    desk.apply(ARTICLE)
    gateway = site.id_of(GATEWAYS, "AppGateway")
    document = dict(site.ask("GET", gateway))
    pool = document["properties"]["backendAddressPools"][0]
    pool["properties"]["backendAddresses"] = [{"ipAddress": "10.240.0.9"}]
    site.put(gateway, document)

    code, out, told = desk.run("destroy", "-f", str(ARTICLE), "--name", "aks-upgrade")

    assert code == 3
    assert "! gateway AppGateway" in out
    assert "which may be its" in out
    assert "nothing was removed" in told
    assert site.ask("GET", gateway)["name"] == "AppGateway"


def test_a_plan_is_read_by_people_too(desk: Desk) -> None:
    code, out, _ = desk.run("plan", "-f", str(ARTICLE))

    assert code == 0
    assert "  + gateway AppGateway  (about 5m42s)" in out
    assert "9 to create, 0 to change, 0 left alone, 0 refused" in out
    assert out.splitlines()[-1] == f"next: bascule platform apply -f {ARTICLE}"


def test_what_stands_against_it_is_told_before_anything_is_changed(
    desk: Desk, site: AzureSite, tmp_path: Path
) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(WITH_GREEN.read_text().replace("acknowledged: true", "acknowledged: false"))

    code, out, told = desk.run("apply", "-f", str(file), "--yes")

    assert code == 3
    assert "[EgressNotAcknowledged]" in out
    assert "nothing was changed" in told
    assert site.writes_of(desk.caller) == 0


def test_without_a_terminal_nothing_is_made_unasked(desk: Desk, site: AzureSite) -> None:
    code, _, told = desk.run("apply", "-f", str(ARTICLE))

    assert code == 2
    assert "--yes" in told
    assert site.writes_of(desk.caller) == 0


def test_a_file_of_a_platform_that_nobody_may_see_is_told_with_what_to_do(
    desk: Desk, site: AzureSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = site.add_caller("nobody", "AcrPull")
    for name, value in site.environment(nobody).items():
        monkeypatch.setenv(name, value)

    code, _, told = desk.run("plan", "-f", str(ARTICLE))

    assert code == 5
    assert "what to do" in told


KUBECONFIG = """\
current-context: here
contexts: [{name: here, context: {cluster: here, user: here}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: here, user: {token: secret}}]
"""
"""Of an API server that nobody runs."""


@pytest.fixture
def both(desk: Desk, site: AzureSite, tmp_path: Path) -> Path:
    """Make blue with the platform around it; return the file that names green too."""
    text = WITH_GREEN.read_text().replace("AzureChinaCloud", site.url)
    before, _, more = text.partition("  green:\n")
    file = tmp_path / "platform.yaml"
    file.write_text(f"{before}\n#{more.partition('# Who writes')[2]}")
    desk.apply(file)
    file.write_text(text)
    return file


async def _fetch_stages(file: Path, environ: Mapping[str, str]) -> Stages:
    for name in ("blue", "green"):
        file.with_name(name).write_text(KUBECONFIG)
    said = {
        "type": "azure",
        "file": str(file),
        "blue": {"kubeconfig": str(file.with_name("blue"))},
        "green": {"kubeconfig": str(file.with_name("green"))},
    }
    return await fetch_stages(AzurePlatform.model_validate(said), environ, SystemClock())


async def _carry_out(
    file: Path, environ: Mapping[str, str], verb: PlatformVerb, cluster: Cluster
) -> PlatformSeen:
    """Have a step of an upgrade done, as its plan would say it now."""
    stages = await _fetch_stages(file, environ)
    assert stages.facts is not None
    said = stages.facts.make if cluster is Cluster.GREEN else stages.facts.remove
    platform = {key: value for key, value in said.items() if key != "kubeconfig"}
    act = PlatformAct(key=verb.value, verb=verb, cluster=cluster, platform=platform)
    home = PlatformHome(environ=environ, directory=file.parent / "runtime", clock=SystemClock())
    home.directory.mkdir(exist_ok=True)
    seen = PlatformSeen(progress=PlatformProgress.BUSY)

    async def is_at_rest() -> bool:
        nonlocal seen
        seen = await opened.observe(act)
        return seen.progress is not PlatformProgress.BUSY

    async with open_azure_platform(act.platform, home) as opened:
        await opened.begin(act)
        await eventually(is_at_rest)
    return seen


def test_after_a_retire_nothing_of_blue_is_left_or_planned_and_azures_upgrades_are_on_again(
    desk: Desk, site: AzureSite, both: Path
) -> None:
    blue = site.id_of(CLUSTERS, "old")
    on = {"upgradeChannel": "stable", "nodeOSUpgradeChannel": "NodeImage"}
    document = dict(site.ask("GET", blue))
    document["properties"]["autoUpgradeProfile"] = on
    site.put(blue, document)
    window = {"timeInWeek": [{"day": "Sunday", "hourSlots": [1]}]}
    site.ask("PUT", f"{blue}/maintenanceConfigurations/default", {"properties": window})
    principal = document["identity"]["principalId"]
    environ = site.environment(desk.caller)

    for verb, cluster in ((PlatformVerb.MAKE, Cluster.GREEN), (PlatformVerb.STOP, Cluster.BLUE)):
        made = asyncio.run(_carry_out(both, environ, verb, cluster))
        assert made.progress is PlatformProgress.DONE, made
    seen = asyncio.run(_carry_out(both, environ, PlatformVerb.REMOVE, Cluster.BLUE))

    assert seen.progress is PlatformProgress.DONE, seen
    assert seen.output["stays"] == []
    listed = site.ask("GET", f"{site.subscription}/providers/{ASSIGNMENTS}")["value"]
    assert principal not in {each["properties"]["principalId"] for each in listed}
    green = site.ask("GET", site.id_of(CLUSTERS, "new"))
    assert green["properties"]["autoUpgradeProfile"] == on
    windows = site.ask("GET", f"{green['id']}/maintenanceConfigurations")["value"]
    assert [each["properties"] for each in windows] == [window]
    plan = desk.plan(both)
    assert plan["is_empty"]
    assert [each["code"] for each in plan["findings"]] == ["BlueRetired"]
    assert not [a["name"] for a in plan["actions"] if "old" in a["name"].split()]


def test_the_plan_of_an_upgrade_shows_what_a_preflight_of_its_platform_finds(
    desk: Desk, site: AzureSite, both: Path
) -> None:
    gateway = site.id_of(GATEWAYS, "AppGateway")
    document = dict(site.ask("GET", gateway))
    document["tags"] = {**document["tags"], "managed-by-k8s-ingress": "1.7/1/2020-01-01"}
    site.put(gateway, document)
    writes = site.writes_of(desk.caller)

    stages = asyncio.run(_fetch_stages(both, site.environment(desk.caller)))
    code = main(["preflight", "--azure", "-f", str(both), "--output", "json"])

    found = {each.code for each in stages.findings if each.severity is Severity.BLOCKER}
    assert code == 3
    assert found == {"AgicOwnsGateway"}
    assert "AutoUpgradeOn" not in {each.code for each in stages.findings}
    assert site.writes_of(desk.caller) == writes
