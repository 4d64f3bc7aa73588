from dataclasses import dataclass, field

import pytest

from bascule.azure.client import Accepted
from bascule.azure.document import Document
from bascule.azure.operations import Outcome, OutcomeStatus
from bascule.errors import ApiError, OutcomeUnknownError
from bascule.gateway.appgw.health import Pair, build_probe, find_pairs, probe_cluster
from bascule.ids import Cluster
from tests.support.reach_documents import ID, gateway, path_map, pool

BLUE, API, GREEN = "bsc-pool-blue_a_80", "bsc-pool-blue_api_80", "bsc-pool-green_a_80"


def settings_id(name: str = "web") -> str:
    return f"{ID}/backendHttpSettingsCollection/{name}"


def held() -> dict[str, object]:
    """Return a gateway whose map of blue no rule names; its settings have a probe."""
    blue, green = path_map("map-blue", BLUE, API), path_map("map-green", GREEN)
    for each in (blue, green):
        each["properties"]["defaultBackendHttpSettings"] = {"id": settings_id()}
        for path_rule in each["properties"]["pathRules"]:
            path_rule["properties"]["backendHttpSettings"] = {"id": settings_id("api")}
    document = gateway(pools=[pool(BLUE), pool(API), pool(GREEN)], maps=[blue, green])
    document["properties"]["backendHttpSettingsCollection"] = [
        {"name": "web", "properties": {"protocol": "Https", "probe": {"id": f"{ID}/probes/p"}}},
        {"name": "api", "properties": {}},
    ]
    match = {"statusCodes": ["200"]}
    document["properties"]["probes"] = [
        {"name": "P", "properties": {"host": "shop", "path": "/ready", "match": match, "x": 1}}
    ]
    return document


@dataclass
class Asked:
    """A gateway that is asked; it says the same of every pool."""

    status: OutcomeStatus = OutcomeStatus.SUCCEEDED
    is_at_once: bool = False
    bodies: list[Document] = field(default_factory=list)

    async def post(self, resource: str, action: str, body: Document | None = None, /) -> Accepted:
        assert (resource, action) == (ID, "getBackendHealthOnDemand")
        self.bodies.append(body or {})
        if self.is_at_once:
            return Accepted(document=self._result())
        return Accepted(operation_url="https://here")

    async def wait(self, operation_url: str, /, *, limit_s: float) -> Outcome:
        assert operation_url == "https://here"
        assert limit_s > 0
        return Outcome(status=self.status, document=self._result())

    def _result(self) -> Document:
        servers = [
            {"address": "10.1.0.1", "health": "Up"},
            {"address": "10.1.0.2", "health": "Unhealthy", "healthProbeLog": "no answer"},
        ]
        return {"backendHealthHttpSettings": {"servers": servers}}


def test_the_pools_of_a_cluster_are_found_whether_a_rule_leads_there_or_not() -> None:
    found = find_pairs(held(), cluster=Cluster.BLUE, prefix="bsc-")

    assert [(pair.pool, pair.settings_id) for pair in found] == [
        (BLUE, settings_id()),
        (API, settings_id("api")),
    ]


def test_a_pool_is_probed_as_its_settings_say() -> None:
    pair = Pair(pool_id=f"{ID}/backendAddressPools/{BLUE}", settings_id=settings_id())

    body = build_probe(held(), pair)

    assert body == {
        "backendAddressPool": {"id": pair.pool_id},
        "backendHttpSettings": {"id": pair.settings_id},
        "protocol": "Https",
        "host": "shop",
        "path": "/ready",
        "timeout": 30,
        "match": {"statusCodes": ["200"]},
    }


def test_without_a_probe_of_its_own_azures_default_is_asked_for() -> None:
    pair = Pair(pool_id="p", settings_id=settings_id("api"))

    body = build_probe(held(), pair)

    assert (body["path"], body["protocol"]) == ("/", "Http")
    assert body["pickHostNameFromBackendHttpSettings"] is True


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_every_backend_of_the_cluster_is_told_of(*, is_at_once: bool) -> None:
    asked = Asked(is_at_once=is_at_once)

    found = await probe_cluster(asked, held(), cluster=Cluster.BLUE, prefix="bsc-")

    assert len(asked.bodies) == 2
    assert [(each.pool, each.is_healthy, each.reason) for each in found] == [
        (BLUE, True, ""),
        (BLUE, False, "no answer"),
        (API, True, ""),
        (API, False, "no answer"),
    ]


async def test_an_answer_that_does_not_come_is_no_health() -> None:
    with pytest.raises(ApiError, match="the probe of bsc-pool-blue_a_80"):
        await probe_cluster(
            Asked(OutcomeStatus.FAILED), held(), cluster=Cluster.BLUE, prefix="bsc-"
        )
    with pytest.raises(OutcomeUnknownError):
        await probe_cluster(
            Asked(OutcomeStatus.RUNNING), held(), cluster=Cluster.BLUE, prefix="bsc-"
        )
