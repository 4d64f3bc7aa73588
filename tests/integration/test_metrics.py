"""The figures of a runtime over HTTP, and their page in the reference."""

import re
from pathlib import Path

import aiohttp
import pytest

from bascule.app.metering import Figures, Timed
from bascule.app.metrics import Scraped, serve_metrics
from bascule.app.metrics_place import MetricsPlace
from bascule.app.runtime import Listeners, RunOptions, run_gateway
from bascule.app.state_dir import StateDir
from bascule.errors import UsageError
from bascule.ids import GatewayName
from bascule.spec.gateway import ClusterAccess, Clusters, Gateway, ListenerSpec
from tests.support.controller_views import VIEW
from tests.support.fake_clusters import KUBECONFIG
from tests.support.network import free_port

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
SCRAPED = Scraped(
    gateway=GatewayName("shop"), view=lambda: VIEW, figures=Figures(), puts=Timed(total=1)
)


async def scrape(port: int) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        return await response.text()


async def test_every_figure_that_is_shown_is_explained_and_no_other() -> None:
    port = free_port()

    async with serve_metrics(MetricsPlace("127.0.0.1", port), SCRAPED):
        text = await scrape(port)

    shown = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    explained = set(re.findall(r"`(bascule_\w+)`", PAGE.read_text()))
    assert shown - {name for name in shown if name.endswith("_created")} == explained


async def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    place = MetricsPlace("127.0.0.1", free_port())

    async with serve_metrics(place, SCRAPED):
        with pytest.raises(UsageError, match="metrics cannot be shown") as caught:
            async with serve_metrics(place, SCRAPED):
                pass

    assert "--metrics-listen" in caught.value.remedy


async def test_a_runtime_whose_port_is_taken_starts_no_envoy(tmp_path: Path) -> None:
    access = ClusterAccess(kubeconfig=tmp_path / "kubeconfig")
    access.kubeconfig.write_text(KUBECONFIG)
    gateway = Gateway(
        name="shop",
        clusters=Clusters(blue=access, green=access),
        listeners=(ListenerSpec(name="http", port=free_port()),),
    )
    place = MetricsPlace("127.0.0.1", free_port())
    options = RunOptions(state_dir=StateDir(tmp_path / "state"), owner="ada", metrics=place)

    async with serve_metrics(place, SCRAPED):
        with pytest.raises(UsageError, match=r"metrics cannot be shown: .*in use"):
            await run_gateway(gateway, options, Listeners(on_started=_never, on_standby=_never))

    assert not [*options.state_dir.path.glob("envoy*")]


def _never(said: object) -> None:
    raise AssertionError(said)
