"""A whole cluster dies, its API and its pods at once, and comes back."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.asking import ask, under_load
from tests.support.network import free_port
from tests.support.site import Site, open_site, wait_until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("dead")
    with open_site(directory, name="dead", port=free_port(), restart=True) as site:
        site.start_runtime()
        yield site


def state_of(site: Site, cluster: str) -> str:
    return str(site.ask_runtime("status")["clusters"][cluster]["state"])


def switch(site: Site, source: str, target: str) -> tuple[int, str]:
    said = site.on_gateway("switch", "--from", source, "--to", target, "--yes")
    return said.code, said.document["result"]


async def test_the_death_of_the_idle_cluster_is_not_felt(site: Site) -> None:
    async with under_load(site.port) as load:
        site.kill_cluster("green")
        await asyncio.to_thread(wait_until, lambda: state_of(site, "green") == "stale")
        await asyncio.to_thread(wait_until, lambda: state_of(site, "green") == "synced")

    assert [answer for answer in load.answers if answer.error] == []
    assert {answer.cluster for answer in load.answers} == {"blue"}


async def test_traffic_leaves_a_dead_cluster_and_may_return_when_it_is_back(site: Site) -> None:
    site.kill_cluster("blue")
    away = switch(site, "blue", "green")
    answered = await ask(site.port)
    wait_until(lambda: state_of(site, "blue") == "synced")

    back = switch(site, "green", "blue")

    assert away == (0, "done")
    assert answered == "green"
    assert back == (0, "done")
    assert {await ask(site.port) for _ in range(20)} == {"blue"}
