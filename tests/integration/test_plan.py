"""`bascule plan` against two real API servers: what it finds, and that it changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bascule.app.clock import SystemClock
from bascule.app.files import read_file
from bascule.app.known import fetch_known
from bascule.app.naming import identify
from bascule.app.planning import GatewayKnown, prepare_plan
from bascule.app.state_dir import StateDir
from bascule.checks.inventory import HostScope
from bascule.cli.main import main
from bascule.errors import PlanError
from bascule.gateway.driver import Convergence, Observation
from bascule.ids import Cluster
from bascule.inventory.fetch import Asked, Question, fetch_cluster, fetch_inventory
from bascule.journal.record import Entry
from bascule.kube.client import KubeClient
from bascule.kube.connection import Connection
from bascule.kube.kubeconfig import await_kubeconfig, load_kubeconfig
from bascule.routing.options import BuildOptions
from bascule.routing.weights import Split, Weights
from bascule.spec.load import parse_upgrade
from bascule.storage.sqlite import open_journal
from bascule.upgrade.events import KIND_BY_EVENT, ClustersNamed, Opened, render_event
from bascule.upgrade.names import Identity, normalise_server
from bascule.upgrade.plan.model import parse_plan
from bascule.upgrade.state import Stamp, evolve
from tests.support.lab_api import LabApi
from tests.support.network import free_port
from tests.support.raw_objects import raw_ingress, raw_service, raw_slice

PATHS = {
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
    "Service": "/api/v1/namespaces/shop/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
}
SPEC = """
name: to-136
platform:
  type: existing
  blue: {kubeconfig: old.kubeconfig, context: old}
  green: {kubeconfig: new.kubeconfig, context: new}
gateway: {name: shop}
analysis: {successRate: {min: 99}}
"""
QUESTION = Question(at=datetime(2026, 6, 1, tzinfo=UTC), options=BuildOptions(), scope=HostScope())


async def fill(api: LabApi, *raws: dict[str, Any]) -> None:
    await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    for raw in raws:
        for ours in ("resourceVersion", "creationTimestamp"):
            raw["metadata"].pop(ours)
        answer = await api.ask("POST", PATHS[raw["kind"]], raw)
        assert answer.code == 201, answer.text


@pytest.fixture
async def clusters(tmp_path: Path) -> AsyncIterator[Mapping[str, LabApi]]:
    """Two clusters: green lacks one of blue's paths."""
    async with AsyncExitStack() as stack:
        apis = {}
        for name, version, paths in (("old", "1.34", ("/", "/api")), ("new", "1.36", ("/",))):
            api = await stack.enter_async_context(LabApi(tmp_path / name, version=version))
            api.server.write_kubeconfig(tmp_path / f"{name}.kubeconfig", context=name)
            await fill(api, raw_service(), raw_slice(), raw_ingress(paths=paths))
            apis[name] = api
        (tmp_path / "upgrade.yaml").write_text(SPEC)
        yield apis


async def plan(tmp_path: Path, *more: str) -> int:
    file = tmp_path / "upgrade.yaml"
    arguments = ["plan", "-f", str(file), "--state", str(tmp_path / "state"), *more]
    return await asyncio.to_thread(main, arguments)


async def test_a_plan_is_made_for_the_clusters_as_they_are(
    clusters: Mapping[str, LabApi], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {name: api.store.list("ingresses.networking.k8s.io") for name, api in clusters.items()}

    code = await plan(tmp_path, "--output", "json")

    document = json.loads(capsys.readouterr().out)
    found = {finding["code"]: finding for finding in document["findings"]}
    made = parse_plan(document["plan"])
    assert code == 0
    assert set(found) == {"RoutesMissing", "NewerVersion"}
    assert "1 of 2 routes of blue" in found["RoutesMissing"]["message"]
    assert "shop.example.com/api" in found["RoutesMissing"]["message"]
    assert made.digest == document["digest"]
    assert [made.clusters[cluster]["routes"] for cluster in Cluster] == [2, 1]  # type: ignore[call-overload, index]  # the plan's own JSON
    for name, api in clusters.items():
        assert api.store.list("ingresses.networking.k8s.io") == before[name]
    assert not (tmp_path / "state").exists()


async def test_a_cluster_that_is_away_is_a_blocker_and_the_plan_is_printed_all_the_same(
    clusters: Mapping[str, LabApi], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await clusters["new"].server.stop()

    code = await plan(tmp_path)

    captured = capsys.readouterr()
    assert code == 3
    assert "BLOCKER  green (new) is not known:" in captured.out
    assert "retire-blue" in captured.out
    assert "one thing stands against this upgrade" in captured.err


async def test_the_journal_says_where_traffic_is_and_what_is_unfinished(
    clusters: Mapping[str, LabApi], tmp_path: Path
) -> None:
    del clusters
    place = StateDir(tmp_path / "state")
    opened = Opened(split=Split(Weights.all_to(Cluster.GREEN)))
    entry = Entry(
        at=QUESTION.at, actor="ada@desk", kind=KIND_BY_EVENT[Opened], data=render_event(opened)
    )
    with open_journal(place.journal, as_owner=True) as journal:
        await journal.append([entry], expected_seq=0)
    file = tmp_path / "upgrade.yaml"
    clock = SystemClock()

    known = await fetch_known(place, clock=clock)
    prepared = await prepare_plan(parse_upgrade(SPEC, file, read_file), known, clock=clock)

    assert known.requests_per_s is None
    assert [finding.code for finding in prepared.blockers] == ["TrafficOnGreen"]


async def test_after_an_upgrade_the_next_one_is_planned_with_swapped_roles(
    clusters: Mapping[str, LabApi], tmp_path: Path
) -> None:
    old, new = (identify(load_kubeconfig(tmp_path / f"{n}.kubeconfig", n)) for n in ("old", "new"))
    before = {Cluster.BLUE: Identity(server="https://gone:443"), Cluster.GREEN: old}
    opened = Opened(split=Split(Weights.all_to(Cluster.GREEN)))
    state = evolve(None, opened, Stamp(seq=1, at=QUESTION.at, actor=""))
    state = evolve(state, ClustersNamed(clusters=before), Stamp(seq=2, at=QUESTION.at, actor=""))
    known = GatewayKnown(state=replace(state, retired=frozenset({Cluster.BLUE})))
    spec = parse_upgrade(SPEC, tmp_path / "upgrade.yaml", read_file)
    others = {cluster: Identity(server=f"https://{cluster}:443") for cluster in Cluster}
    elsewhere = ClustersNamed(clusters=others)
    strange = evolve(state, elsewhere, Stamp(seq=3, at=QUESTION.at, actor=""))

    prepared = await prepare_plan(spec, known, clock=SystemClock())
    with pytest.raises(PlanError, match="other clusters than the journal") as caught:
        await prepare_plan(spec, GatewayKnown(state=strange), clock=SystemClock(), is_offline=True)

    del clusters
    assert [finding.code for finding in prepared.blockers] == []
    told = prepared.plan.clusters["green"]
    assert isinstance(told, dict)
    assert normalise_server(str(told["server"])) == new.server
    assert "as blue" in caught.value.remedy


async def test_what_the_gateway_says_of_itself_is_among_the_findings(
    clusters: Mapping[str, LabApi], tmp_path: Path
) -> None:
    del clusters
    refusing = Observation(convergence=Convergence.REFUSED, reason="no such secret")
    spec = parse_upgrade(SPEC, tmp_path / "upgrade.yaml", read_file)

    prepared = await prepare_plan(spec, GatewayKnown(observation=refusing), clock=SystemClock())

    assert [finding.code for finding in prepared.blockers] == ["GatewayRefuses"]


async def test_an_inventory_holds_versions_and_objects(
    clusters: Mapping[str, LabApi], tmp_path: Path
) -> None:
    del clusters
    connection = load_kubeconfig(tmp_path / "old.kubeconfig", "old")
    async with KubeClient(connection, clock=SystemClock()) as client:
        asked = Asked(client=client, name="old", server=connection.server)

        found = await fetch_inventory({Cluster.BLUE: asked}, QUESTION)

    facts = found.clusters[Cluster.BLUE]
    assert facts.version.startswith("v1.34")
    assert facts.snapshot.is_complete
    assert len(facts.snapshot) == 3
    assert [host.name for host in found.routes.hosts] == ["shop.example.com"]


async def test_a_cluster_that_is_not_there_yet_is_not_asked() -> None:
    nowhere = await_kubeconfig(Path("/nowhere/new.yaml"))
    async with KubeClient(nowhere, clock=SystemClock()) as client:
        asked = Asked(client=client, name=nowhere.name, server="", is_awaited=nowhere.is_awaited)

        facts = await fetch_cluster(asked)

    assert (facts.name, facts.is_awaited, facts.reason) == ("new", True, "")


async def test_a_cluster_that_refuses_connections_is_a_fact() -> None:
    server = f"http://127.0.0.1:{free_port()}"
    async with KubeClient(Connection(name="gone", server=server), clock=SystemClock()) as client:
        facts = await fetch_cluster(Asked(client=client, name="gone", server=server))

    assert "Connection refused" in facts.reason
    assert facts.remedy
    assert not facts.snapshot.is_complete
