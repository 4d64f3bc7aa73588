"""`bascule plan` for an Application Gateway: what Azure and a look inside clusters add to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bascule.cli.main import main
from bascule.upgrade.plan.model import Plan, parse_plan
from tests.support.appgw_world import GATEWAY, appgw_site, foreign_gateway
from tests.support.azure_site import GROUP, AzureSite
from tests.support.lab_api import LabApi
from tests.support.raw_objects import raw_ingress, raw_service, raw_slice

AGIC: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "agic", "namespace": "shop", "labels": {"app": "ingress-appgw"}},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "ingress-appgw"}},
        "template": {
            "metadata": {"labels": {"app": "ingress-appgw"}},
            "spec": {"containers": [{"name": "c", "image": "agic:1"}]},
        },
    },
}
SPEC = """
name: to-136
platform:
  type: existing
  blue: {{kubeconfig: old.kubeconfig, context: old}}
  green: {{kubeconfig: new.kubeconfig, context: new}}
gateway:
  name: shop
  listeners: [{{name: http, address: 203.0.113.7, port: 80}}]
  gateway: {{{kind}, cloud: "{cloud}", resourceGroup: {group}, name: {gateway}}}
steps: {steps}
"""
BY_HOST = "[{hosts: [shop.example.com], hold: 5m}, {weight: 100, hold: 5m}]"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        found.put(found.id_of(*GATEWAY), foreign_gateway(found, port=8080))
        found.settle(found.id_of(*GATEWAY))
        yield found


@pytest.fixture
async def clusters(tmp_path: Path) -> AsyncIterator[Mapping[str, LabApi]]:
    """Two clusters with two shops."""
    async with AsyncExitStack() as stack:
        apis = {}
        for name, version in (("old", "1.34"), ("new", "1.36")):
            api = await stack.enter_async_context(LabApi(tmp_path / name, version=version))
            api.server.write_kubeconfig(tmp_path / f"{name}.kubeconfig", context=name)
            await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
            blog = raw_ingress("blog", host="blog.example.com")
            for raw in (raw_service(), raw_slice(), raw_ingress(), blog):
                await api.create(raw)
            apis[name] = api
        yield apis


class Planner:
    """Runs `bascule plan` as somebody whom Azure knows."""

    def __init__(self, site: AzureSite, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._site = site
        self._folder = folder
        self._capsys = capsys
        self.findings: dict[str, dict[str, str]] = {}

    async def plan(self, steps: str, gateway: str = GATEWAY[1], kind: str = "type: appgw") -> Plan:
        file = self._folder / "upgrade.yaml"
        names = {"cloud": self._site.url, "group": GROUP, "gateway": gateway}
        file.write_text(SPEC.format(steps=steps, kind=kind, **names))
        state = str(self._folder / "state")
        arguments = ["plan", "-f", str(file), "--state", state, "--output", "json"]
        await asyncio.to_thread(main, arguments)
        document = json.loads(self._capsys.readouterr().out)
        self.findings = {each["code"]: each for each in document["findings"]}
        return parse_plan(document["plan"])


@pytest.fixture
def planner(
    site: AzureSite,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Planner:
    for name, value in site.environment(site.owner).items():
        monkeypatch.setenv(name, value)
    return Planner(site, tmp_path, capsys)


@pytest.mark.usefixtures("clusters")
async def test_hosts_move_one_after_the_other_by_one_update_of_the_gateway_each(
    planner: Planner,
) -> None:
    made = await planner.plan(BY_HOST)

    assert [s.key for s in made.steps if s.stage == "shift"] == [
        "shift-hosts-1",
        "shift-hosts-1-hold",
        "shift-100",
        "shift-100-hold",
    ]
    expected = {"GatewayUpdates", "SwitchBy", "SwitchNotAtomic", "NewerVersion"}
    assert set(planner.findings) == expected
    assert planner.findings["GatewayUpdates"]["message"].startswith("3 steps update the whole gat")
    assert not any(step.key.startswith("preview") for step in made.steps)


@pytest.mark.usefixtures("clusters")
async def test_shares_are_refused_with_the_way_to_have_them(planner: Planner) -> None:
    await planner.plan("[{weight: 5, hold: 5m}, {weight: 100, hold: 1m}]")

    assert {c for c, f in planner.findings.items() if f["severity"] == "blocker"} == {
        "WeightTooFine",
        "HoldTooShort",
    }
    assert "`gateway: {type: appgw+envoy}`" in planner.findings["WeightTooFine"]["remedy"]


async def test_a_controller_that_writes_the_gateway_is_found_in_either_cluster(
    clusters: Mapping[str, LabApi], planner: Planner
) -> None:
    await clusters["new"].create(AGIC)

    await planner.plan(BY_HOST)

    found = planner.findings["AgicInside"]
    assert (found["severity"], found["subject"]) == ("blocker", "green")
    assert "AGIC is in green (new) as the Deployment shop/agic" in found["message"]


@pytest.mark.usefixtures("clusters")
async def test_a_gateway_that_is_not_there_is_a_blocker(planner: Planner) -> None:
    await planner.plan(BY_HOST, gateway="no-such")

    assert "there is no /subscriptions/" in planner.findings["GatewayUnreadable"]["message"]


async def test_envoys_behind_it_split_exactly_and_the_gateway_is_looked_at_all_the_same(
    clusters: Mapping[str, LabApi], planner: Planner
) -> None:
    await clusters["old"].create(AGIC)
    for api in clusters.values():
        service = raw_service("calls")
        service["spec"]["ports"][0]["appProtocol"] = "grpc"
        calls = raw_ingress("calls", host="calls.example.com", service="calls")
        for raw in (service, raw_slice("calls"), calls):
            await api.create(raw)
    tier = "type: appgw+envoy, envoys: {addresses: [127.0.0.1]}"

    made = await planner.plan("[{weight: 5, hold: 1s}, {weight: 50}, {weight: 100}]", kind=tier)

    assert made.step("preview-on") is not None
    blockers = {c for c, f in planner.findings.items() if f["severity"] == "blocker"}
    assert blockers == {"AgicInside"}
    assert "GatewayUpdates" not in planner.findings
    assert "RestartsUnknown" not in planner.findings
    assert "gRPC calls fail" in planner.findings["LeftOut"]["message"]
