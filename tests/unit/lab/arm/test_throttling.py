import pytest

from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, Caller
from bascule.lab.arm.throttling import Throttle
from tests.support.virtual_clock import VirtualClock

CALLER = Caller(tenant_id="t", object_id="o", app_id="a")
GROUP = "/subscriptions/s/resourceGroups/rg"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/blue"


def take(throttle: Throttle, method: str, path: str, times: int = 1) -> dict[str, str]:
    left = {}
    for _ in range(times):
        left = dict(throttle.take(CALLER, method, parse_path(path)))
    return left


def test_answers_say_what_is_left_to_the_principal_and_to_the_subscription() -> None:
    throttle = Throttle(VirtualClock())

    left = take(throttle, "PUT", GROUP)

    prefix = "x-ms-ratelimit-remaining-subscription"
    assert left == {f"{prefix}-writes": "199", f"{prefix}-global-writes": "2999"}
    assert take(throttle, "GET", GROUP)[f"{prefix}-reads"] == "249"
    assert take(throttle, "DELETE", GROUP)[f"{prefix}-deletes"] == "199"


async def test_an_empty_bucket_refuses_and_fills_again_with_time() -> None:
    clock = VirtualClock()
    throttle = Throttle(clock)
    take(throttle, "PUT", GROUP, 200)

    with pytest.raises(ArmRefusal, match="SubscriptionRequestsThrottled") as refused:
        take(throttle, "PUT", GROUP)

    assert refused.value.headers["Retry-After"] == "1"
    await clock.advance(1)
    take(throttle, "PUT", GROUP, 10)


def test_a_cluster_is_put_twenty_times_then_refused_as_aks_refuses() -> None:
    throttle = Throttle(VirtualClock())
    take(throttle, "PUT", CLUSTER, 20)

    with pytest.raises(ArmRefusal, match="Throttled") as refused:
        take(throttle, "PUT", CLUSTER)

    assert refused.value.is_bare
    assert refused.value.headers["Retry-After"] == "60"
    take(throttle, "PUT", f"{CLUSTER}2")
    take(throttle, "GET", CLUSTER, 60)
    with pytest.raises(ArmRefusal, match="Throttled"):
        take(throttle, "POST", f"{CLUSTER}/listClusterUserCredential")


def test_lists_and_polls_of_aks_have_buckets_of_their_own() -> None:
    throttle = Throttle(VirtualClock())
    aks = "/providers/Microsoft.ContainerService"

    take(throttle, "GET", f"{GROUP}{aks}/managedClusters", 60)
    take(throttle, "GET", f"/subscriptions/s{aks}/locations/eastus/operations/o1", 100)

    with pytest.raises(ArmRefusal, match="Throttled"):
        take(throttle, "GET", f"{GROUP}{aks}/managedClusters")


def test_the_network_provider_refuses_too_many_writes_of_all_callers_together() -> None:
    throttle = Throttle(VirtualClock())
    path = parse_path(f"{GROUP}/providers/Microsoft.Network/applicationGateways/g")

    for number in range(1_000):
        throttle.take(Caller(tenant_id="t", object_id=str(number)), "PUT", path)

    with pytest.raises(ArmRefusal, match="TooManyRequests"):
        throttle.take(CALLER, "PUT", path)


def test_a_wider_scale_allows_more_and_none_at_all_throttles_nothing() -> None:
    wide, off = Throttle(VirtualClock(), scale=2), Throttle(VirtualClock(), scale=0)

    take(wide, "PUT", GROUP, 400)
    assert take(off, "PUT", GROUP, 500) == {}

    with pytest.raises(ArmRefusal, match="Throttled"):
        take(wide, "PUT", GROUP)
