from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from bascule.azure.client import Accepted
from bascule.azure.document import Document
from bascule.azure.operations import Outcome, OutcomeStatus
from bascule.errors import ApiError, OutcomeUnknownError
from bascule.gateway.appgw.health import (
    ALL,
    ON_DEMAND,
    ON_DEMAND_MAX,
    Pair,
    PoolHealth,
    ServerHealth,
    build_probe,
    fetch_health,
    find_pairs,
)
from tests.support.reach_documents import ID, gateway, path_map, pool, rule

BLUE, API, GREEN = "bsc-pool-blue_a_80", "bsc-pool-blue_api_80", "bsc-pool-green_a_80"
UP: Mapping[str, str] = {"address": "10.1.0.1", "health": "Up"}


def settings_id(name: str = "web") -> str:
    return f"{ID}/backendHttpSettingsCollection/{name}"


def held() -> Document:
    """Return a gateway whose map of blue no rule names; its settings have a probe."""
    blue, green = path_map("map-blue", BLUE, API, "bsc-none"), path_map("map-green", GREEN)
    for each in (blue, green):
        each["properties"]["defaultBackendHttpSettings"] = {"id": settings_id()}
        for path_rule in each["properties"]["pathRules"]:
            path_rule["properties"]["backendHttpSettings"] = {"id": settings_id("api")}
    pools = [pool(BLUE, "10.1.0.1"), pool(API, "10.1.0.2"), pool(GREEN), pool("bsc-none")]
    document = gateway(
        pools=pools, maps=[blue, green], rules=[rule("r", path_map="map-green"), rule("s")]
    )
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
    """A gateway that is asked; of `probed` it tells unasked, and of the rest on demand."""

    probed: tuple[str, ...] = (BLUE,)
    status: OutcomeStatus = OutcomeStatus.SUCCEEDED
    is_at_once: bool = False
    document: Document | None = field(default_factory=held)
    actions: list[tuple[str, str]] = field(default_factory=list)
    _result: Document = field(default_factory=dict)

    async def get(self, resource: str, /) -> Document | None:
        assert resource == ID
        return self.document

    async def post(self, resource: str, action: str, body: Document | None = None, /) -> Accepted:
        assert resource == ID
        self._result = self._tell_all() if body is None else self._tell(body)
        self.actions.append((action, "" if body is None else str(body["backendAddressPool"])))
        if self.is_at_once:
            return Accepted(document=self._result)
        return Accepted(operation_url="https://here")

    async def wait(self, operation_url: str, /, *, limit_s: float) -> Outcome:
        assert operation_url == "https://here"
        assert limit_s > 0
        return Outcome(status=self.status, document=self._result)

    def _tell_all(self) -> Document:
        way = {"backendHttpSettings": {"id": settings_id("WEB")}, "servers": [UP]}
        return {
            "backendAddressPools": [
                {
                    "backendAddressPool": {"id": f"{ID}/backendAddressPools/{name.upper()}"},
                    "backendHttpSettingsCollection": [way],
                }
                for name in self.probed
            ]
        }

    def _tell(self, body: Document) -> Document:
        del body
        sick = {"address": "10.1.0.2", "health": "Down", "healthProbeLog": "no answer"}
        return {"backendHealthHttpSettings": {"servers": [sick]}}


def test_pools_with_addresses_are_found_whether_a_rule_leads_there_or_not() -> None:
    assert find_pairs(held(), prefix="bsc-") == (
        Pair(pool=BLUE, settings="web"),
        Pair(pool=API, settings="api"),
    )


def test_a_pool_is_probed_as_its_settings_say() -> None:
    body = build_probe(held(), Pair(pool=BLUE, settings="web"))

    assert body == {
        "backendAddressPool": {"id": f"{ID}/backendAddressPools/{BLUE}"},
        "backendHttpSettings": {"id": settings_id()},
        "protocol": "Https",
        "host": "shop",
        "path": "/ready",
        "timeout": 30,
        "match": {"statusCodes": ["200"]},
    }


def test_without_a_probe_of_its_own_azures_default_is_asked_for() -> None:
    body = build_probe(held(), Pair(pool=API, settings="api"))

    assert (body["path"], body["protocol"]) == ("/", "Http")
    assert body["pickHostNameFromBackendHttpSettings"] is True
    assert build_probe(held(), Pair(pool=API, settings="gone"))["protocol"] == "Http"


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_what_no_rule_leads_to_is_asked_for_on_demand(*, is_at_once: bool) -> None:
    asked = Asked(is_at_once=is_at_once)

    found = await fetch_health(asked, ID, prefix="bsc-")

    assert [action for action, _ in asked.actions] == [ALL, ON_DEMAND]
    assert API in asked.actions[1][1]
    assert found.pools == (
        PoolHealth(
            pair=Pair(pool=BLUE, settings="web"),
            servers=(ServerHealth(address="10.1.0.1", health="Up"),),
        ),
        PoolHealth(
            pair=Pair(pool=API, settings="api"),
            servers=(ServerHealth(address="10.1.0.2", health="Down", reason="no answer"),),
        ),
    )
    assert [(each.is_known, each.is_sick) for each in found.pools] == [(True, False), (True, True)]


async def test_only_a_few_are_asked_for_on_demand() -> None:
    names = [f"bsc-pool-blue_{number}" for number in range(ON_DEMAND_MAX + 2)]
    maps = [path_map("m", *names)]
    maps[0]["properties"]["defaultBackendHttpSettings"] = {"id": settings_id()}
    for each in maps[0]["properties"]["pathRules"]:
        each["properties"]["backendHttpSettings"] = {"id": settings_id()}
    document = gateway(pools=[pool(each, "10.1.0.1") for each in names], maps=maps)
    asked = Asked(probed=(), document=document)

    found = await fetch_health(asked, ID, prefix="bsc-")

    assert len(asked.actions) == 1 + ON_DEMAND_MAX
    assert [each.is_known for each in found.pools] == [True] * ON_DEMAND_MAX + [False] * 2


async def test_of_a_gateway_that_is_gone_nothing_is_told() -> None:
    assert (await fetch_health(Asked(document=None), ID, prefix="bsc-")).pools == ()


@pytest.mark.parametrize(
    ("health", "is_known", "is_sick"),
    [
        (("Healthy", "Unhealthy"), True, False),
        (("Partial", "Unhealthy"), True, False),
        (("Unhealthy", "Unknown"), True, True),
        (("Unknown",), False, False),
        ((), False, False),
    ],
)
def test_a_pool_is_sick_when_no_server_of_it_is_healthy(
    health: tuple[str, ...],
    is_known: bool,  # noqa: FBT001 - a case
    is_sick: bool,  # noqa: FBT001 - a case
) -> None:
    servers = tuple(ServerHealth(address="a", health=each) for each in health)
    found = PoolHealth(pair=Pair(pool="p", settings="s"), servers=servers)

    assert (found.is_known, found.is_sick) == (is_known, is_sick)


async def test_an_answer_that_does_not_come_is_no_health() -> None:
    with pytest.raises(ApiError, match="how the gateway finds its backends"):
        await fetch_health(Asked(status=OutcomeStatus.FAILED), ID, prefix="bsc-")
    with pytest.raises(OutcomeUnknownError):
        await fetch_health(Asked(status=OutcomeStatus.RUNNING), ID, prefix="bsc-")


@pytest.mark.parametrize(
    ("servers", "is_dead", "is_well"),
    [
        (["Unhealthy", "Down"], True, False),
        (["Unhealthy", "Unknown"], False, False),
        (["Unhealthy", "Healthy"], False, True),
        (["Unknown"], False, False),
        ([], False, False),
    ],
)
def test_a_pool_is_dead_where_all_of_its_servers_are(
    servers: list[str], *, is_dead: bool, is_well: bool
) -> None:
    found = PoolHealth(
        pair=Pair(pool="p", settings="s"),
        servers=tuple(ServerHealth(address="a", health=each) for each in servers),
    )

    assert (found.is_dead, found.is_well) == (is_dead, is_well)
