from dataclasses import replace

import pytest

from bascule.errors import DriverError
from bascule.gateway.appgw.abilities import build_capabilities, refuse_arrangement, refuse_split
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, Mechanism
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Mirror, Preview
from bascule.routing.weights import Split, Weights

ALL_BLUE = Weights.all_to(Cluster.BLUE)
WHOLE = AppGwSettings(gateway_id="/gw", owner="shop")
PODS = replace(WHOLE, shares_accepted=True)
BALANCERS = replace(PODS, backends=BackendsKind.LOAD_BALANCER)


@pytest.mark.parametrize(("settings", "step_bp"), [(WHOLE, 10_000), (PODS, 1), (BALANCERS, 5_000)])
def test_shares_are_what_pools_can_hold(settings: AppGwSettings, step_bp: int) -> None:
    able = build_capabilities(settings)

    assert able.weight_step_bp == step_bp
    assert able.has_sticky_sessions
    assert (able.has_mirroring, able.has_preview_by_header, able.is_switch_atomic) == (False,) * 3


@pytest.mark.parametrize(
    ("settings", "split"),
    [
        (WHOLE, Split(ALL_BLUE, {"shop.example.com": Weights(0)})),
        (PODS, Split(Weights(1))),
        (BALANCERS, Split(Weights(5_000), {"shop.example.com": ALL_BLUE})),
    ],
)
def test_a_split_in_whole_steps_is_taken(settings: AppGwSettings, split: Split) -> None:
    refuse_split(split, settings)


@pytest.mark.parametrize(
    ("settings", "split", "told"),
    [
        (WHOLE, Split(Weights(9_500)), "95 %"),
        (WHOLE, Split(ALL_BLUE, {"shop.example.com": Weights(1)}), "0.01 %"),
        (BALANCERS, Split(Weights(2_500)), "25 %"),
    ],
)
def test_a_share_between_is_refused_with_what_can_do_it(
    settings: AppGwSettings, split: Split, told: str
) -> None:
    with pytest.raises(DriverError, match=f"cannot give blue {told}") as caught:
        refuse_split(split, settings)

    assert "appgw+envoy" in caught.value.remedy


@pytest.mark.parametrize(
    "arrangement",
    [
        NOTHING_ARRANGED,
        Arrangement(preview=Preview(hosts={"next.example.com": "shop.example.com"})),
        Arrangement(affinity=Affinity(name="user")),
    ],
)
def test_a_preview_host_and_a_cookie_are_taken(arrangement: Arrangement) -> None:
    refuse_arrangement(arrangement)


@pytest.mark.parametrize(
    ("arrangement", "told"),
    [
        (Arrangement(preview=Preview(header="x-preview")), "choose a cluster by a header"),
        (Arrangement(mirror=Mirror(share_bp=1)), "send copies"),
        (
            Arrangement(affinity=Affinity(kind=AffinityKind.HEADER, name="x-user")),
            "keep users on a cluster by a header",
        ),
    ],
)
def test_what_no_such_gateway_can_arrange_is_refused(arrangement: Arrangement, told: str) -> None:
    with pytest.raises(DriverError, match=told):
        refuse_arrangement(arrangement)


def test_without_a_log_pools_that_change_clusters_tell_nothing_apart() -> None:
    pools = replace(WHOLE, mechanism=Mechanism.POOLS)

    assert build_capabilities(WHOLE).tells_clusters_apart
    assert not build_capabilities(pools).tells_clusters_apart
    assert not build_capabilities(WHOLE).measures_latency
