"""A gateway with AGIC's own document, taken over, switched and given back, by the commands."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import agic_site
from tests.support.appgw_site import AppGwSite, open_appgw_site
from tests.support.asking import ask, under_load
from tests.support.site import Said, wait_until

RATE = 50.0
SILENCE = "200ms"

pytestmark = pytest.mark.timeout(240)  # other tests may have the machine's one place for an Azure


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppGwSite]:
    with open_appgw_site(tmp_path_factory.mktemp("adoption")) as opened:
        asyncio.run(agic_site.make_agic(opened))
        yield opened


def say(gateway: AppGwSite, verb: str, *arguments: str) -> Said:
    site = gateway.site
    state = str(site.state_dir.path)
    file = ("-f", str(site.file), "--state", state, "--output", "json")
    return site.verb("gateway", verb, *file, *arguments)


def children(document: dict[str, Any], collection: str) -> dict[str, Any]:
    return {each["name"]: each for each in document["properties"][collection]}


async def answering(gateway: AppGwSite) -> set[str]:
    asked = [ask(gateway.port, address=gateway.address) for _ in range(10)]
    return set(await asyncio.gather(*asked))


def await_converged(gateway: AppGwSite) -> None:
    def has_converged() -> bool:
        return bool(gateway.site.ask_runtime("status")["live"]["convergence"] == "converged")

    wait_until(has_converged)


def test_the_plan_names_the_host_that_nobody_would_serve(gateway: AppGwSite) -> None:
    planned = say(gateway, "adopt", "--plan")
    refused = say(gateway, "adopt", "--yes", "--silence", SILENCE)

    assert planned.code == 0, planned.err
    plan = planned.document["plan"]
    assert plan["first_table"]["lost"] == [agic_site.FORMER_HOST]
    assert plan["first_table"]["touched"] == []
    assert [each["replicas"] for each in plan["agic"]["controllers"]] == [1]
    assert refused.code == 3
    assert agic_site.FORMER_HOST in refused.err
    assert gateway.read_gateway() == gateway.before


async def test_the_take_over_changes_two_tags_and_fails_no_request(gateway: AppGwSite) -> None:
    async with under_load(gateway.port, rate=RATE, address=gateway.address) as load:
        done = await asyncio.to_thread(
            say, gateway, "adopt", "--yes", "--silence", SILENCE, "--drop", agic_site.FORMER_HOST
        )

    assert done.code == 0, done.err
    assert not load.failures
    assert done.document["done"]["update_s"] > 0
    assert await agic_site.find_replicas(gateway) == 0
    now = await asyncio.to_thread(gateway.read_gateway)
    assert now["tags"] == {
        **gateway.before["tags"],
        "bascule-owner": gateway.site.name,
        "bascule-adopted": "",
    }
    assert json.loads(gateway.site.state_dir.gateway_before.read_text()) == gateway.before
