"""`bascule route` asks the runtime through its control socket."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bascule.app.control import ControlServer
from bascule.app.state_dir import StateDir
from bascule.cli.route_command import Arguments, fetch_explanation
from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.build import BuildOptions, build_routes
from bascule.routing.documents import answer_explain, whole_split
from tests.support.manifests import endpoints, ingress, service, snapshot

ROUTES = build_routes(
    {Cluster.BLUE: snapshot(ingress(), service(), endpoints("10.0.0.1"))}, options=BuildOptions()
)


async def _answer(request: Mapping[str, Json]) -> Mapping[str, Json]:
    assert request["op"] == "explain"
    return answer_explain(ROUTES, whole_split(Cluster.BLUE), request)


async def test_the_running_gateway_says_who_answers(tmp_path: Path) -> None:
    arguments = Arguments(url="http://elsewhere/cart", state=str(tmp_path))

    async with ControlServer(StateDir(tmp_path).control_socket, _answer):
        found = await fetch_explanation(arguments, {"Host": "shop.example.com"})

    assert found.cluster is Cluster.BLUE
    assert found.shares[0].ingress == "shop/web"


async def test_what_the_runtime_refuses_is_said(tmp_path: Path) -> None:
    arguments = Arguments(url="nonsense", state=str(tmp_path))

    async with ControlServer(StateDir(tmp_path).control_socket, _answer):
        with pytest.raises(UsageError, match="not an absolute http or https URL"):
            await fetch_explanation(arguments, {})
