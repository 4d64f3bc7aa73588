from dataclasses import replace

import pytest

from bascule.azure.document import value_at
from bascule.azure.resource_id import ResourceId
from bascule.platform.desired.model import Kind, Later, Resource
from bascule.platform.plan.step import (
    AwaitChange,
    Change,
    Decision,
    Leave,
    Make,
    NotYet,
    Refuse,
    decide,
    find_etag,
    is_busy,
)

CLUSTER = ResourceId("/subscriptions/s/resourceGroups/g/providers/M.C/managedClusters/old")
LATER = Later(of=CLUSTER, path=("x",), what="x of old")
POOL = Resource(
    kind=Kind.POOL,
    id=CLUSTER.child("agentPools", "a"),
    document={"properties": {"count": 3}},
    kept={"properties": {"count": 3}},
)


def _decide(found: dict[str, object] | None, resource: Resource = POOL) -> Decision:
    return decide(resource, found, {}, owner="shop")


def _pool(count: int, state: str = "Succeeded", **more: object) -> dict[str, object]:
    return {"properties": {"count": count, "provisioningState": state}, **more}


def test_what_is_not_there_is_made() -> None:
    assert _decide(None) == Make(document={"properties": {"count": 3}})


def test_what_is_as_wanted_is_left() -> None:
    assert _decide(_pool(3)) == Leave()


def test_what_differs_is_changed_as_a_whole() -> None:
    decision = _decide(_pool(5, other=1))

    assert isinstance(decision, Change)
    assert decision.document == _pool(3, other=1)
    assert [change.field for change in decision.changes] == ["count"]


def test_what_is_being_changed_is_waited_for() -> None:
    assert _decide(_pool(5, "Scaling")) == AwaitChange(state="Scaling")


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_what_has_failed_is_written_again(state: str) -> None:
    decision = _decide(_pool(3, state))

    assert isinstance(decision, Change)
    assert decision.changes[0].field == "provisioningState"


def test_what_waits_for_another_says_for_what() -> None:
    resource = replace(POOL, document={"a": LATER, "b": LATER})

    assert _decide(None, resource) == NotYet(waits_for=("x of old",))


def test_what_cannot_be_compared_yet_is_left() -> None:
    assert _decide(_pool(3), replace(POOL, kept={"a": LATER})) == Leave()


def test_what_belongs_to_another_platform_is_not_changed() -> None:
    decision = _decide(_pool(5, tags={"bascule-platform": "other"}))

    assert isinstance(decision, Refuse)
    assert "belongs to the platform other" in decision.reason


def test_what_belongs_to_nobody_is_changed() -> None:
    assert isinstance(_decide(_pool(5, tags={"team": "x"})), Change)


def test_what_azure_does_not_change_is_refused_with_its_reason() -> None:
    resource = replace(POOL, kept={"properties": {"vmSize": "B"}})

    decision = _decide({"properties": {"vmSize": "A"}}, resource)

    assert isinstance(decision, Refuse)
    assert decision.reason == "vmSize is 'A', not 'B': Azure does not change it once it is made"


def test_a_stopped_cluster_is_not_changed() -> None:
    resource = Resource(
        kind=Kind.CLUSTER, id=CLUSTER, document={}, kept={"sku": {"tier": "Standard"}}
    )

    decision = _decide({"properties": {"powerState": {"code": "Stopped"}}}, resource)

    assert isinstance(decision, Refuse)
    assert decision.remedy == "start it: az aks start -n old -g g"


def test_states_that_nobody_knows_mean_busy() -> None:
    assert is_busy(_pool(3, "BlueGreenSoaking"))
    assert not is_busy({})
    assert value_at(_pool(3), "properties", "count") == 3


@pytest.mark.parametrize(
    "document", [{"etag": "a"}, {"eTag": "a"}, {"properties": {"eTag": "a"}}], ids=str
)
def test_the_etag_is_found_wherever_azure_has_it(document: dict[str, object]) -> None:
    assert find_etag(document) == "a"
    assert find_etag({}) == ""
