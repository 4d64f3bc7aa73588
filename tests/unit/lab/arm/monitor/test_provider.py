from collections.abc import AsyncIterator

import pytest

from bascule.lab.arm.activity import ActivityLog
from bascule.lab.arm.dataplane.counting import BackendReading, Reading
from bascule.lab.arm.monitor.book import Book, Pace
from bascule.lab.arm.monitor.provider import InsightsProvider
from bascule.lab.arm.requests import ArmRefusal
from tests.support.arm_network import GATEWAY, NETWORK, PUBLIC_IP, NetworkLab, network_lab
from tests.support.arm_world import RG, S, ask

PACE = Pace(minute_s=60.0, delay_s=0.0)


@pytest.fixture
async def world() -> AsyncIterator[NetworkLab]:
    async with network_lab() as made:
        made.world.resources.put(
            {
                "id": GATEWAY,
                "name": "AppGateway",
                "type": "Microsoft.Network/applicationGateways",
                "location": "chinanorth2",
                "properties": {},
            }
        )
        yield made


def insights(world: NetworkLab, book: Book | None = None) -> InsightsProvider:
    log = ActivityLog(world.clock, world.world.make_id)
    return InsightsProvider(world.world, book or Book(PACE), log)


async def test_a_metric_is_told_minute_by_minute_for_each_pool(world: NetworkLab) -> None:
    book, now_s = Book(PACE), world.clock.now().timestamp()
    pools = {
        (f"pool{number}", "web"): BackendReading(answers={"2xx": number}) for number in range(12)
    }
    book.note(GATEWAY, "0-1", Reading(backends=pools), now_s)
    await world.clock.advance(180)
    query = {
        "metricnames": "TotalRequests,HealthyHostCount",
        "$filter": "BackendSettingsPool eq '*'",
        "aggregation": "Total,Average",
        "top": "3",
    }

    answer = await ask(
        insights(world, book), "GET", f"{GATEWAY}/providers/microsoft.insights/metrics", query=query
    )

    requests, hosts = answer.body["value"]
    assert answer.body["interval"] == "PT1M"
    assert answer.body["resourceregion"] == "chinanorth2"
    assert requests["name"]["value"] == "TotalRequests"
    assert len(requests["timeseries"]) == len(hosts["timeseries"]) == 3
    first = requests["timeseries"][0]
    assert [each["value"] for each in first["metadatavalues"]] == ["pool11~web"]
    assert len(first["data"]) == 60
    assert [each for each in first["data"] if "total" in each] == [
        {"timeStamp": first["data"][-3]["timeStamp"], "total": 11.0, "average": 11.0}
    ]


async def test_what_is_not_split_is_one_series_and_a_pool_can_be_named(world: NetworkLab) -> None:
    book, now_s = Book(PACE), world.clock.now().timestamp()
    pools = {(name, "web"): BackendReading(answers={"2xx": 2}) for name in ("blue", "green")}
    book.note(GATEWAY, "0-1", Reading(backends=pools), now_s)
    await world.clock.advance(60)
    place = f"{GATEWAY}/providers/Microsoft.Insights/metrics"

    async def ask_for(condition: str) -> list[float]:
        query = {"metricnames": "TotalRequests", "$filter": condition}
        answer = await ask(insights(world, book), "GET", place, query=query)
        series = answer.body["value"][0]["timeseries"]
        return [each["total"] for one in series for each in one["data"] if "total" in each]

    assert await ask_for("") == [4.0]
    assert await ask_for("BackendSettingsPool eq 'BLUE~web'") == [2.0]
    assert await ask_for("BackendSettingsPool eq 'red~web'") == []


async def test_only_gateways_that_there_are_have_metrics(world: NetworkLab) -> None:
    provider = insights(world)
    query = {"metricnames": "TotalRequests"}

    async def refused(method: str, resource: str) -> tuple[int, str]:
        place = f"{resource}/providers/Microsoft.Insights/metrics"
        with pytest.raises(ArmRefusal) as caught:
            await ask(provider, method, place, query=query)
        return caught.value.status, caught.value.code

    world.world.resources.put({"id": NETWORK, "type": "Microsoft.Network/virtualNetworks"})
    assert await refused("GET", PUBLIC_IP) == (404, "ResourceNotFound")
    assert await refused("GET", NETWORK) == (400, "BadRequest")
    assert await refused("PUT", GATEWAY) == (405, "MethodNotAllowed")
    assert await refused("GET", S) == (404, "NotFound")


async def test_the_activity_log_answers_as_before(world: NetworkLab) -> None:
    values = f"{S}/providers/Microsoft.Insights/eventtypes/management/values"

    answer = await ask(
        insights(world), "GET", values, query={"$filter": "eventTimestamp ge '2020-01-01'"}
    )

    assert answer.body == {"value": []}
    assert RG.startswith(S)
